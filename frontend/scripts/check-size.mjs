// Fails when any page needs more JavaScript before its first paint than the issue allows: the
// entry, the page, and everything either of them imports statically.
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const LIMIT = 200_000 // bytes of gzip

const manifest = JSON.parse(readFileSync('dist/.vite/manifest.json', 'utf8'))
const entry = Object.keys(manifest).find((key) => manifest[key].isEntry)
const sizes = new Map()

function size(file) {
  if (!sizes.has(file)) sizes.set(file, gzipSync(readFileSync(`dist/${file}`), { level: 9 }).length)
  return sizes.get(file)
}

function closure(key, seen = new Set()) {
  if (seen.has(key)) return seen
  seen.add(key)
  for (const next of manifest[key].imports ?? []) closure(next, seen)
  return seen
}

const bytes = (keys) => [...keys].reduce((sum, key) => sum + size(manifest[key].file), 0)
const pages = Object.keys(manifest).filter((key) => /^src\/pages\/[^/]+\.vue$/.test(key))
let worst = 0
console.log(`first load, JavaScript, kB gzip (limit ${LIMIT / 1000}):`)
console.log(`  ${'shell'.padEnd(12)} ${(bytes(closure(entry)) / 1000).toFixed(1).padStart(6)}`)
for (const page of pages.sort()) {
  const total = bytes(new Set([...closure(entry), ...closure(page)]))
  worst = Math.max(worst, total)
  const name = page.replace(/^src\/pages\/|\.vue$/g, '')
  console.log(`  ${name.padEnd(12)} ${(total / 1000).toFixed(1).padStart(6)}`)
}
if (worst > LIMIT) {
  console.error(`too much: ${worst} bytes before first paint; load parts of that page later`)
  process.exit(1)
}
