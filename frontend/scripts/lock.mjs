// Takes the addresses out of package-lock.json that npm writes there for its own adverts
// ("funding"): a lock names packages and their hashes, never a host.
import { readFileSync, writeFileSync } from 'node:fs'

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'))
for (const entry of Object.values(lock.packages)) delete entry.funding
writeFileSync('package-lock.json', JSON.stringify(lock, null, 2) + '\n')
