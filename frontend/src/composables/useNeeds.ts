import type { Role } from '@/api/session'
import { useSession } from './useSession'

interface Refusal {
  disabled?: true
  title?: string
}

/** What a control gets that needs a role: nothing, or "disabled" with the reason. Use with v-bind.
 * The server refuses all the same; this only says so before the click. */
export function useNeeds(): (role: Role) => Refusal {
  const { may, person } = useSession()
  return (role) => {
    if (may(role)) return {}
    const have = person.value ? `; you are signed in as ${person.value.role}` : ''
    return { disabled: true, title: `This needs the role ${role}${have}.` }
  }
}
