// What a component passes through to its element: typed, so that templates stay strict.
import 'vue'

declare module 'vue' {
  interface AllowedComponentProps {
    [aria: `aria-${string}`]: unknown
    [data: `data-${string}`]: unknown
    role?: string
    title?: string
    required?: boolean
    list?: string // of an input: the datalist with suggestions
    form?: string // of a submit button outside of its form
    spellcheck?: boolean | 'true' | 'false'
  }
}

declare module '@vue/runtime-dom' {
  interface HTMLAttributes {
    [data: `data-${string}`]: unknown
  }
}
