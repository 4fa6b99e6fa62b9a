import { beforeEach, describe, expect, test, vi } from 'vitest'
import { api, ok, setCsrfToken, whenSignedOut } from './client'
import { ApiError } from './errors'

const fetched = vi.fn<(request: Request) => Promise<Response>>()

function json(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'Content-Type': 'application/json' },
  })
}

async function refusal(asked: Promise<unknown>): Promise<ApiError> {
  const error: unknown = await asked.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (error instanceof ApiError) return error
  throw new Error('no ApiError')
}

beforeEach(() => {
  fetched.mockReset()
  vi.stubGlobal('fetch', fetched)
  setCsrfToken('t0ken')
})

describe('the client', () => {
  test('sends the CSRF token with changes only', async () => {
    fetched.mockImplementation(() => Promise.resolve(json(200, {})))
    await ok(api.GET('/api/v1/clusters'))
    await ok(api.POST('/api/v1/boot/rehearse', { body: { device_id: 1 } }))
    const sent = fetched.mock.calls.map(([request]) => request.headers.get('X-CSRF-Token'))
    expect(sent).toEqual([null, 't0ken'])
  })

  test("turns a refusal into an error with the server's words", async () => {
    const body = {
      code: 'wrong_state',
      message: 'it is running',
      detail: { state: 'running' },
      request_id: 'r1',
    }
    fetched.mockResolvedValue(json(409, body))
    const error = await refusal(ok(api.GET('/api/v1/clusters')))
    expect(error).toMatchObject({
      status: 409,
      code: 'wrong_state',
      message: 'it is running',
      requestId: 'r1',
    })
    expect(error.detail['state']).toBe('running')
  })

  test('understands an answer that is not ours', async () => {
    fetched.mockResolvedValue(new Response('<h1>Bad Gateway</h1>', { status: 502 }))
    const error = await refusal(ok(api.GET('/api/v1/clusters')))
    expect(error).toMatchObject({ status: 502, code: 'unreadable_answer' })
  })

  test('says so when nobody answers', async () => {
    fetched.mockRejectedValue(new TypeError('Failed to fetch'))
    expect(await refusal(ok(api.GET('/api/v1/clusters')))).toMatchObject({
      status: 0,
      code: 'unreachable',
    })
  })

  test('a 401 says that the session is over, a wrong password does not', async () => {
    const over = vi.fn()
    whenSignedOut(over)
    fetched.mockResolvedValueOnce(json(401, { code: 'sign_in_refused', message: 'no' }))
    await refusal(ok(api.POST('/api/v1/session', { body: { name: 'a', password: 'b' } })))
    expect(over).not.toHaveBeenCalled()
    fetched.mockResolvedValueOnce(json(401, { code: 'unauthorized', message: 'no' }))
    await refusal(ok(api.GET('/api/v1/clusters')))
    expect(over).toHaveBeenCalledOnce()
  })
})
