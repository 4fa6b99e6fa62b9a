import { readonly, ref } from 'vue'

export type Theme = 'auto' | 'light' | 'dark'

const KEY = 'ktizo.theme'
const THEMES: Theme[] = ['auto', 'light', 'dark']

function stored(): Theme {
  try {
    const found = localStorage.getItem(KEY)
    return THEMES.find((theme) => theme === found) ?? 'auto'
  } catch {
    return 'auto' // storage can be forbidden; the theme is not worth an error
  }
}

const theme = ref<Theme>(stored())

function show(): void {
  const root = document.documentElement
  if (theme.value === 'auto') delete root.dataset.theme
  else root.dataset.theme = theme.value
}

function set(chosen: Theme): void {
  theme.value = chosen
  show()
  try {
    localStorage.setItem(KEY, chosen)
  } catch {
    // then it lasts as long as the page
  }
}

/** Light, dark, or as the system says; remembered in this browser. */
export function useTheme() {
  return { theme: readonly(theme), themes: THEMES, set, show }
}
