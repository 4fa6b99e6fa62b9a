import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import ElementPlus from 'unplugin-element-plus/vite'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  // ElementPlus: `import { ElDialog } from 'element-plus'` brings that component's style, no more.
  plugins: [vue(), ElementPlus({})],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    manifest: true, // scripts/check-size.mjs reads it
    target: 'es2022',
    assetsInlineLimit: 0, // a data: URL in a script or style would meet the content policy
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    proxy: { '/api': process.env.KTIZO_URL ?? 'http://127.0.0.1:8000' },
  },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.ts'],
    restoreMocks: true,
    server: { deps: { inline: ['element-plus'] } },
  },
})
