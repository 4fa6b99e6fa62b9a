import type { FoundDisk } from '@/api/types'
import { bytes } from '@/ui/format'

/** What will become of a disk. `unclear`: only the machine itself will know. */
export type Fate = 'erase' | 'keep' | 'unclear'

/** What is sent to install on this disk: its own mark, else its path, which can change. */
export function diskValue(disk: FoundDisk): string {
  return disk.install_disk ?? disk.name
}

/** Say whether `text` names this disk, in any of the ways the server takes. */
export function names(text: string, disk: FoundDisk): boolean {
  const marks = [disk.name, disk.install_disk]
  if (disk.wwid) marks.push(`wwid:${disk.wwid}`)
  if (disk.serial) marks.push(`serial:${disk.serial}`)
  return text !== '' && marks.includes(text)
}

/** The disk that would be erased: what was said, else what the cluster says for all its machines.
 * `undefined`: none of these, or nobody can say from here (a selector, a link under /dev/disk). */
export function erased(
  disks: readonly FoundDisk[],
  said: string,
  ofCluster: string | null | undefined,
): FoundDisk | undefined {
  const text = said.trim() || (ofCluster ?? '')
  return disks.find((disk) => names(text, disk))
}

/** What becomes of each disk, when `target` is what `erased` found. */
export function fateOf(disk: FoundDisk, target: FoundDisk | undefined): Fate {
  if (!target) return disk.readonly ? 'keep' : 'unclear'
  return disk.name === target.name ? 'erase' : 'keep'
}

/** What would be lost with a disk, in words; empty when nothing was found on it. */
export function losses(disk: FoundDisk): string[] {
  if (disk.holds.length > 0) return disk.holds
  const { length } = disk.volumes
  if (length === 0) return []
  return [length === 1 ? 'one partition or file system' : `${length} partitions or file systems`]
}

/** Size, model and kind of a disk on one line. Decimal too: that is what stands on its label. */
export function diskLine(disk: FoundDisk): string {
  const label = disk.size_bytes / 1e9
  const sold = label >= 1000 ? `${+(label / 1000).toFixed(1)} TB` : `${Math.round(label)} GB`
  const kind = disk.transport === 'nvme' ? '' : disk.rotational ? 'spinning' : 'solid state'
  return [`${bytes(disk.size_bytes)} (${sold})`, disk.model, disk.transport, kind]
    .filter(Boolean)
    .join(' · ')
}
