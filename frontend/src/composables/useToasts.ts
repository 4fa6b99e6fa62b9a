import { readonly, ref } from 'vue'

export interface Toast {
  id: number
  tone: 'ok' | 'bad'
  text: string
  /** The way back, where there is one. */
  undo?: { label: string; act: () => void }
}

const toasts = ref<Toast[]>([])
let newest = 0

function dismiss(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id)
}

function show(toast: Omit<Toast, 'id'>): void {
  newest += 1
  const id = newest
  toasts.value = [...toasts.value.slice(-3), { id, ...toast }]
  // An error stays until somebody has read it; a way back stays long enough to take it.
  if (toast.tone === 'ok') setTimeout(() => dismiss(id), toast.undo ? 12_000 : 5_000)
}

/** Short messages after an action. `done` fades; `failed` stays; `undo` is the way back. */
export function useToasts() {
  return {
    toasts: readonly(toasts),
    dismiss,
    done: (text: string, undo?: Toast['undo']) => show({ tone: 'ok', text, undo }),
    failed: (error: unknown) =>
      show({ tone: 'bad', text: error instanceof Error ? error.message : String(error) }),
  }
}
