import type { NodeOrder } from '@/api/types'

interface OrderWords {
  verb: string
  means: string
  done: string
  cli: string
}

/** What can be told to a node, and what happens then. */
export const ORDERS: Record<NodeOrder['order'], OrderWords> = {
  reboot: {
    verb: 'Restart',
    means:
      'Talos stops its services in order and starts again. What runs on the node is interrupted for some minutes.',
    done: 'restarts',
    cli: 'reboot',
  },
  powercycle: {
    verb: 'Power-cycle',
    means:
      'The whole machine restarts, firmware and all, without a short way round. It takes longer than a restart, and it asks the network what to boot.',
    done: 'is power-cycled',
    cli: 'reboot --power-cycle',
  },
  shutdown: {
    verb: 'Switch off',
    means:
      'Talos stops and the machine goes off. Ktizo cannot switch it on again: somebody has to press its button, or its BMC’s.',
    done: 'is going off',
    cli: 'shutdown',
  },
}
