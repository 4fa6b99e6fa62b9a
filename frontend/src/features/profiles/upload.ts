import { ApiError, unreachable } from '@/api/errors'

export interface Sent {
  /** Bytes that left this browser. */
  bytes: number
  total: number
}

interface Wanted {
  profile: string
  name: string
  file: Blob
  csrfToken: string | null
  /** SHA-256 the file must have; empty: whatever it has. */
  checksum: string
  sent: (progress: Sent) => void
  signal: AbortSignal
}

interface Stored {
  name: string
  sha256: string
  size: number
}

function isStored(value: unknown): value is Stored {
  return typeof value === 'object' && value !== null && 'sha256' in value && 'name' in value
}

function refusal(request: XMLHttpRequest, body: unknown): ApiError {
  if (typeof body === 'object' && body !== null && 'code' in body && 'message' in body)
    return new ApiError(request.status, String(body.code), String(body.message))
  return new ApiError(request.status, 'unreadable_answer', `the server answered ${request.status}`)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** Upload a file as the raw body. XMLHttpRequest, because fetch says nothing of its progress. */
export function upload(wanted: Wanted): Promise<Stored> {
  const { profile, name, file, checksum, csrfToken, sent, signal } = wanted
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    const path = [profile, 'assets', name].map(encodeURIComponent).join('/')
    request.open('PUT', `/api/v1/boot/profiles/${path}`)
    request.setRequestHeader('Content-Type', 'application/octet-stream')
    if (csrfToken) request.setRequestHeader('X-CSRF-Token', csrfToken)
    if (checksum) request.setRequestHeader('X-Checksum-Sha256', checksum)
    request.upload.onprogress = (event) => sent({ bytes: event.loaded, total: event.total })
    request.onload = () => {
      const body = parsed(request.responseText)
      if (request.status < 300 && isStored(body)) resolve(body)
      else reject(refusal(request, body))
    }
    request.onerror = () => reject(unreachable())
    request.onabort = () => reject(new DOMException('stopped', 'AbortError'))
    signal.addEventListener('abort', () => request.abort())
    request.send(file)
  })
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$/

/** A file's name as the server takes it; what does not fit becomes a hyphen. */
export function fileName(name: string): string {
  if (NAME.test(name)) return name
  const plain = name.replace(/[^A-Za-z0-9._+-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '')
  return plain.slice(0, 128) || 'file'
}

/** The SHA-256 in a text somebody pasted (a line of SHA256SUMS, say); null when there is none. */
export function checksumIn(text: string): string | null {
  return /(?:^|[^0-9a-f])([0-9a-f]{64})(?:$|[^0-9a-f])/i.exec(text)?.[1]?.toLowerCase() ?? null
}
