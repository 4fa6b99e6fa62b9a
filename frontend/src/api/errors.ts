/** What the server said when it said no: our one error shape, as an Error. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly detail: Readonly<Record<string, unknown>> = {},
    readonly requestId: string | null = null,
  ) {
    super(message)
    this.name = 'ApiError'
  }
}

interface Shape {
  code: string
  message: string
  detail?: unknown
  request_id?: unknown
}

function isShape(body: unknown): body is Shape {
  return (
    typeof body === 'object' &&
    body !== null &&
    'code' in body &&
    typeof body.code === 'string' &&
    'message' in body &&
    typeof body.message === 'string'
  )
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** Turn a refused answer into an ApiError, also when something in between wrote it (a proxy). */
export async function errorFrom(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => null)
  if (!isShape(body)) {
    const said = `the server answered ${response.status} ${response.statusText}`.trim()
    return new ApiError(response.status, 'unreadable_answer', said)
  }
  const detail = isRecord(body.detail) ? body.detail : {}
  const id = typeof body.request_id === 'string' ? body.request_id : null
  return new ApiError(response.status, body.code, body.message, detail, id)
}

/** The request never got an answer. */
export function unreachable(): ApiError {
  return new ApiError(0, 'unreachable', 'Ktizo does not answer; is the network up?')
}
