import { computed, readonly, shallowRef } from 'vue'
import { api, ok, setCsrfToken, whenSignedOut } from '@/api/client'
import type { Role, Session } from '@/api/session'

const RANKS: Record<Role, number> = { viewer: 1, operator: 2, admin: 3 }

// One session per browser tab, so one module-level state.
const session = shallowRef<Session | null>(null)
let loading: Promise<Session> | null = null

function take(found: Session): Session {
  session.value = found
  setCsrfToken(found.csrf_token)
  return found
}

/** Ask the server who we are; simultaneous callers share one question. */
async function load(): Promise<Session> {
  loading ??= ok(api.GET('/api/v1/session'))
    .then(take)
    .finally(() => (loading = null))
  return loading
}

// A 401 in the middle of the day: the session ended elsewhere. The router watches `signedIn`.
whenSignedOut(() => {
  if (session.value?.signed_in)
    take({ ...session.value, signed_in: false, person: null, csrf_token: null })
})

async function signIn(name: string, password: string): Promise<Session> {
  return take(await ok(api.POST('/api/v1/session', { body: { name, password } })))
}

async function setUp(token: string, name: string, password: string): Promise<Session> {
  return take(await ok(api.POST('/api/v1/setup', { body: { token, name, password } })))
}

async function signOut(): Promise<void> {
  await ok(api.DELETE('/api/v1/session'))
  await load()
}

const person = computed(() => session.value?.person ?? null)

/** Say whether the signed-in person's role includes `role`. */
function may(role: Role): boolean {
  const own = person.value?.role
  return own !== undefined && RANKS[own] >= RANKS[role]
}

/** Who is signed in, and what they may do. */
export function useSession() {
  const signedIn = computed(() => session.value?.signed_in ?? false)
  const isOperator = computed(() => may('operator'))
  const isAdmin = computed(() => may('admin'))
  const fields = { session: readonly(session), person, signedIn, isOperator, isAdmin }
  return { ...fields, may, load, signIn, setUp, signOut }
}
