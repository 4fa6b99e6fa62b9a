// The house's law (ARCHITECTURE.md): pages -> features -> composables | ui -> api.
// A feature never imports a feature; ui never imports api; imports climb no folders.
import { readdirSync } from 'node:fs'
import { defineConfigWithVueTs, vueTsConfigs } from '@vue/eslint-config-typescript'
import prettier from 'eslint-config-prettier'
import vue from 'eslint-plugin-vue'

const climbing = { regex: '^\\.\\./', message: 'write @/... instead of climbing folders' }

function law(files, forbidden, message) {
  const regex = `^@/(${forbidden})`
  return {
    files: [files],
    ignores: ['**/*.test.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: [climbing, { regex, message }] }] },
  }
}

const rooms = readdirSync('src/features', { withFileTypes: true }).filter((e) => e.isDirectory())
const above = 'pages/|router$|App\\.vue$|main$'

export default defineConfigWithVueTs(
  { ignores: ['dist', 'src/api/schema.d.ts', 'scripts'] },
  vue.configs['flat/recommended'],
  vueTsConfigs.recommendedTypeChecked,
  prettier,
  {
    rules: {
      'vue/no-v-html': 'error',
      'vue/component-api-style': ['error', ['script-setup']],
      'vue/block-order': ['error', { order: ['script', 'template', 'style'] }],
      'vue/define-props-declaration': ['error', 'type-based'],
      'vue/define-emits-declaration': ['error', 'type-based'],
      'vue/multi-word-component-names': 'off', // a page is named by its URL
      'vue/require-default-prop': 'off', // TypeScript says what is optional
      'vue/enforce-style-attribute': ['error', { allow: ['scoped'] }],
      'vue/no-restricted-static-attribute': [
        'error',
        { key: 'style', message: 'the content policy refuses inline styles; use a class' },
      ],
      '@typescript-eslint/no-explicit-any': 'error',
      'max-lines': ['error', { max: 250 }],
      'no-console': 'error',
      'no-restricted-imports': ['error', { patterns: [climbing] }],
      'no-restricted-properties': [
        'error',
        { property: 'innerHTML', message: 'text from the network is text: use textContent' },
        { property: 'outerHTML', message: 'text from the network is text: use textContent' },
        { property: 'insertAdjacentHTML', message: 'text from the network is text' },
      ],
    },
  },
  { files: ['eslint.config.js'], extends: [vueTsConfigs.disableTypeChecked] },
  { files: ['**/*.test.ts'], rules: { 'vue/one-component-per-file': 'off' } },
  law('src/api/**', `${above}|features/|composables/|ui/`, 'api knows nobody'),
  law('src/ui/**', `${above}|features/|composables/|api/`, 'ui knows nothing of Ktizo'),
  law('src/composables/**', `${above}|features/|ui/`, 'composables see api only'),
  law('src/pages/**', above, 'a page sees features, not pages'),
  ...rooms.map(({ name }) =>
    law(
      `src/features/${name}/**`,
      `${above}|features/(?!${name}/)`,
      'a feature never imports another; share it through composables or ui',
    ),
  ),
)
