import {
  autocompletion,
  closeBrackets,
  completionKeymap,
  startCompletion,
} from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { yaml } from '@codemirror/lang-yaml'
import {
  HighlightStyle,
  indentOnInput,
  indentService,
  indentUnit,
  syntaxHighlighting,
} from '@codemirror/language'
import { lintGutter, setDiagnostics, type Diagnostic } from '@codemirror/lint'
import { search, searchKeymap } from '@codemirror/search'
import { Compartment, EditorState, type Extension } from '@codemirror/state'
import {
  EditorView,
  drawSelection,
  highlightActiveLine,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from '@codemirror/view'
import { tags } from '@lezer/highlight'
import type { Offer } from './completion'

export interface Mark {
  line: number
  message: string
  severity: 'error' | 'warning'
}

export interface Editor {
  set: (text: string) => void
  mark: (marks: Mark[]) => void
  readOnly: (on: boolean) => void
  goTo: (line: number) => void
  focus: () => void
  destroy: () => void
}

interface Wanted {
  /** Lives in this shadow root: there styles are adopted, which the content policy allows. */
  root: ShadowRoot
  text: string
  label: string
  complete: (text: string, offset: number) => Offer | null
  changed: (text: string) => void
}

const look = EditorView.theme({
  '&': { color: 'var(--ink)', backgroundColor: 'var(--raised)', fontSize: '13px' },
  '&.cm-focused': { outline: '2px solid var(--focus)', outlineOffset: '-1px' },
  '.cm-scroller': {
    fontFamily: 'var(--mono)',
    lineHeight: '1.5',
    minHeight: '16rem',
    maxHeight: '60vh',
  },
  '.cm-content': { caretColor: 'var(--ink)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-gutters': {
    color: 'var(--ink-faint)',
    backgroundColor: 'var(--sunken)',
    border: 'none',
  },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'var(--accent-soft)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground':
    { backgroundColor: 'var(--line)' },
  '.cm-tooltip, .cm-panels': {
    color: 'var(--ink)',
    backgroundColor: 'var(--surface)',
    border: '1px solid var(--line-control)',
  },
  '.cm-tooltip-autocomplete ul li[aria-selected]': {
    color: 'var(--on-accent)',
    backgroundColor: 'var(--accent-fill)',
  },
  '.cm-completionDetail': { color: 'inherit', fontStyle: 'normal', opacity: '0.75' },
})

const colours = syntaxHighlighting(
  HighlightStyle.define([
    { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--accent)' },
    { tag: [tags.lineComment, tags.comment], color: 'var(--ink-faint)', fontStyle: 'italic' },
    { tag: tags.string, color: 'var(--ok)' },
    { tag: [tags.bool, tags.number, tags.keyword, tags.atom], color: 'var(--moving)' },
    { tag: tags.meta, color: 'var(--ink-faint)' },
  ]),
)

// A new line stands below the keys of its mapping, deeper after a key that opens one.
const indenting = indentService.of((context, pos) => {
  const { text } = context.lineAt(pos, -1)
  const lead = /^ *(?:- +)*/.exec(text)?.[0].length ?? 0
  return /:\s*$/.test(text) ? lead + 2 : lead
})

// Typing over selected text, Chromium itself would insert `<span style>` to keep its colour, which
// our content policy refuses and reports. So we make that change, and the browser none.
const typedOver = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { state, composing } = view
    if (event.inputType !== 'insertText' || !event.data || composing) return false
    if (state.selection.ranges.every((range) => range.empty)) return false
    event.preventDefault()
    view.dispatch(state.replaceSelection(event.data), {
      userEvent: 'input.type',
      scrollIntoView: true,
    })
    return true
  },
})

/** Put a completion into the text: its lines keep the indent of the line they begin on. */
function applied(apply: string) {
  return (view: EditorView, _: unknown, from: number, to: number): void => {
    const line = view.state.doc.lineAt(from)
    const lead = /^ *(?:- +)*/.exec(line.text)?.[0].length ?? 0
    const text = apply.replaceAll('\n', `\n${' '.repeat(lead)}`)
    view.dispatch({
      changes: { from, to, insert: text },
      selection: { anchor: from + text.length },
    })
    if (/[\s-]$/.test(text)) setTimeout(() => startCompletion(view))
  }
}

function completing(wanted: Wanted): Extension {
  return autocompletion({
    icons: false,
    override: [
      (context) => {
        const text = context.state.doc.toString()
        const offer = wanted.complete(text, context.pos)
        const typing = context.pos > (offer?.from ?? context.pos)
        if (!offer || (!typing && !context.explicit)) return null
        const options = offer.options.map((one) => ({ ...one, apply: applied(one.apply) }))
        return { from: offer.from, options, validFor: /^[\w.-]*$/ }
      },
    ],
  })
}

/** Make an editor for Talos documents. Tab moves on, as in any form; Ctrl-Space completes. */
export function createEditor(wanted: Wanted): Editor {
  const mode = new Compartment()
  const view = new EditorView({
    parent: wanted.root,
    root: wanted.root,
    state: EditorState.create({
      doc: wanted.text,
      extensions: [
        lineNumbers(),
        lintGutter(),
        history(),
        highlightSpecialChars(),
        drawSelection(),
        highlightActiveLine(),
        indentOnInput(),
        indentUnit.of('  '),
        closeBrackets(),
        search({ top: true }),
        indenting,
        yaml(),
        colours,
        look,
        completing(wanted),
        typedOver,
        mode.of([]),
        keymap.of([...completionKeymap, ...searchKeymap, ...historyKeymap, ...defaultKeymap]),
        EditorView.contentAttributes.of({ 'aria-label': wanted.label, spellcheck: 'false' }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) wanted.changed(update.state.doc.toString())
        }),
      ],
    }),
  })

  function placed(mark: Mark): Diagnostic {
    const line = view.state.doc.line(Math.min(mark.line + 1, view.state.doc.lines))
    const from = line.from + (line.text.length - line.text.trimStart().length)
    return { from, to: line.to, severity: mark.severity, message: mark.message }
  }

  return {
    set(text) {
      if (text === view.state.doc.toString()) return
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } })
    },
    mark: (marks) => view.dispatch(setDiagnostics(view.state, marks.map(placed))),
    readOnly(on) {
      const locked = [EditorState.readOnly.of(true), EditorView.editable.of(false)]
      view.dispatch({ effects: mode.reconfigure(on ? locked : []) })
    },
    goTo(line) {
      const { from } = view.state.doc.line(Math.min(line + 1, view.state.doc.lines))
      view.dispatch({ selection: { anchor: from }, scrollIntoView: true })
      view.focus()
    },
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  }
}
