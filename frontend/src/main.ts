import '@/theme/tokens.css'
import '@/theme/base.css'
import '@/theme/element.css'
import { VueQueryPlugin } from '@tanstack/vue-query'
import { createApp } from 'vue'
import App from '@/App.vue'
import { queryClient } from '@/composables/queryClient'
import { useTheme } from '@/composables/useTheme'
import { router } from '@/router'

useTheme().show() // before the first paint
createApp(App).use(router).use(VueQueryPlugin, { queryClient }).mount('#app')
