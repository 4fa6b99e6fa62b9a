import createClient from 'openapi-fetch'
import { errorFrom, unreachable } from './errors'
import type { paths } from './schema'

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

let csrfToken: string | null = null
let onSignedOut: () => void = () => undefined

/** Remember the token every change must carry; it comes with the session. */
export function setCsrfToken(token: string | null): void {
  csrfToken = token
}

/** Say what happens when the server no longer knows who we are (401). */
export function whenSignedOut(react: () => void): void {
  onSignedOut = react
}

/** `fetch` with our rules: CSRF header on changes, refusals thrown as ApiError. */
export async function request(asked: Request): Promise<Response> {
  if (!SAFE.has(asked.method) && csrfToken) asked.headers.set('X-CSRF-Token', csrfToken)
  let response: Response
  try {
    response = await fetch(asked)
  } catch (error) {
    if (asked.signal.aborted) throw error // a newer question replaced this one
    throw unreachable()
  }
  if (response.ok) return response
  const error = await errorFrom(response)
  // A wrong password is a 401 too, but says nothing about a session.
  if (error.status === 401 && error.code !== 'sign_in_refused') onSignedOut()
  throw error
}

/** The typed client. Every path, query and body is checked against the OpenAPI document. */
export const api = createClient<paths>({ baseUrl: window.location.origin, fetch: request })

/** Return the body of an answer: `ok(api.GET('/api/v1/devices', ...))`; throws ApiError. */
export async function ok<T>(asked: Promise<{ data?: T }>): Promise<T> {
  // A refusal has thrown in `request`; 204 has no body, and its type is then undefined.
  return (await asked).data as T
}
