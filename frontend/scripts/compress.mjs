// Writes .gz and .br beside every text file of dist/, so that the appliance compresses nothing
// while it boots machines.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const TEXT = /\.(js|css|svg|html|json|webmanifest)$/
const SMALL = 1024 // below this a header costs more than it saves

for (const entry of readdirSync('dist', { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name)
  if (!entry.isFile() || !TEXT.test(entry.name) || path.includes('.vite')) continue
  const body = readFileSync(path)
  if (body.length < SMALL) continue
  writeFileSync(`${path}.gz`, gzipSync(body, { level: 9 }))
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }
  writeFileSync(`${path}.br`, brotliCompressSync(body, quality))
}
