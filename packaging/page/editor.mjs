// The editor of tat's page: CodeMirror with WGSL's words, completions and text of the server.
import { autocompletion, completionKeymap, snippetCompletion, closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { HighlightStyle, StreamLanguage, bracketMatching, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { linter } from "@codemirror/lint";
import { EditorState, Prec, StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView, WidgetType, drawSelection, highlightActiveLine, keymap, lineNumbers, placeholder } from "@codemirror/view";
import { classHighlighter, highlightCode, tags } from "@lezer/highlight";

const KEYWORDS = new Set(("alias break case const const_assert continue continuing default diagnostic discard else enable false " +
  "fn for if let loop override requires return struct switch true var while").split(" "));
const TYPE = /^(bool|[fiu]32|f16|vec[234][fiuh]?|mat[234]x[234][fh]?|array|atomic|ptr|sampler\w*|texture_\w+|[A-Z]\w*)$/;

const wgsl = StreamLanguage.define({
  name: "wgsl",
  startState: () => ({ depth: 0 }),
  token(stream, state) {
    if (state.depth) return blockComment(stream, state);
    if (stream.eatSpace()) return null;
    if (stream.match("//")) { stream.skipToEnd(); return "comment"; }
    if (stream.match("/*")) { state.depth = 1; return blockComment(stream, state); }
    if (stream.match(/^@\w*/)) return "meta";
    if (stream.match(/^(0[xX][\da-fA-F.]+|\d*\.?\d+([eE][+-]?\d+)?)[fiuh]?/)) return "number";
    const word = stream.match(/^[^\W\d]\w*/u);
    if (!word) { stream.next(); return "operator"; }
    if (KEYWORDS.has(word[0])) return "keyword";
    if (TYPE.test(word[0])) return "typeName";
    return stream.match(/^\s*\(/, false) ? "variableName.function" : "variableName";
  },
  languageData: { commentTokens: { line: "//" }, closeBrackets: { brackets: ["(", "[", "{"] } },
  tokenTable: { "variableName.function": tags.function(tags.variableName) },
});

function blockComment(stream, state) {
  while (state.depth && !stream.eol()) {
    if (stream.match("/*")) state.depth++;
    else if (stream.match("*/")) state.depth--;
    else stream.next();
  }
  return "comment";
}

const colours = HighlightStyle.define([
  { tag: tags.comment, color: "var(--comment)", fontStyle: "italic" },
  { tag: tags.keyword, color: "var(--keyword)" },
  { tag: tags.typeName, color: "var(--type)" },
  { tag: tags.number, color: "var(--number)" },
  { tag: tags.meta, color: "var(--meta)" },
  { tag: tags.function(tags.variableName), color: "var(--function)" },
]);

// Code as HTML, its tokens in <span class="tok-…">.
export function highlighted(code) {
  const out = [];
  const escape = (text) => text.replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c]);
  highlightCode(code, wgsl.parser.parse(code), classHighlighter,
    (text, classes) => out.push(classes ? `<span class="${classes}">${escape(text)}</span>` : escape(text)),
    () => out.push("\n"));
  return out.join("");
}

const setGhost = StateEffect.define();

class Ghost extends WidgetType {
  constructor(text) { super(); this.text = text; }
  eq(other) { return other.text === this.text; }
  toDOM() {
    const span = document.createElement("span");
    span.className = "ghost";
    span.textContent = this.text;
    span.setAttribute("aria-label", `proposed: ${this.text}`);
    return span;
  }
}

const ghost = StateField.define({
  create: () => null,
  update(value, transaction) {
    for (const effect of transaction.effects) if (effect.is(setGhost)) return effect.value;
    return transaction.docChanged || transaction.selection ? null : value;
  },
  provide: (field) => EditorView.decorations.from(field, (value) => value
    ? Decoration.set(Decoration.widget({ widget: new Ghost(value.text), side: 1 }).range(value.at)) : Decoration.none),
});

function acceptGhost(view) {
  const value = view.state.field(ghost);
  if (!value) return false;
  view.dispatch({ changes: { from: value.at, insert: value.text }, selection: { anchor: value.at + value.text.length },
    effects: setGhost.of(null), userEvent: "input.complete" });
  return true;
}

function dropGhost(view) {
  if (!view.state.field(ghost)) return false;
  view.dispatch({ effects: setGhost.of(null) });
  return true;
}

// Proposes text after a pause: `ask(code, offset, signal)` gives it.
function proposals(ask) {
  let timer = 0, asked = null;
  return EditorView.updateListener.of((update) => {
    if (!update.docChanged || !update.view.hasFocus) return;
    clearTimeout(timer);
    if (asked) asked.abort();
    timer = setTimeout(async () => {
      const at = update.view.state.selection.main.head, code = update.view.state.doc;
      asked = new AbortController();
      const text = await ask(code.toString(), at, asked.signal).catch(() => "");
      const same = update.view.state.doc.eq(code) && update.view.state.selection.main.head === at;
      if (text && same) update.view.dispatch({ effects: setGhost.of({ at, text }) });
    }, 350);
  });
}

const KINDS = { fn: "function", function: "function", struct: "class", alias: "type", type: "type", keyword: "keyword", const: "constant",
  override: "constant", var: "variable", let: "variable", parameter: "variable", member: "property", swizzle: "property",
  attribute: "namespace", enumerant: "enum" };

function completions(ask) {
  return async (context) => {
    const word = context.matchBefore(/\w+/);
    const trigger = context.matchBefore(/[.@<:]\s?/);
    if (!word && !trigger && !context.explicit) return null;
    const found = await ask(context.state.doc.toString(), context.pos).catch(() => null);
    if (!found || context.aborted) return null;
    const options = found.items.map((item, number) => {
      const option = { label: item.label, type: KINDS[item.kind] || "text", detail: item.detail.split("\n")[0].slice(0, 70),
        info: item.info || undefined, boost: 50 - number };
      return item.insert ? snippetCompletion(item.insert.replace(/\$(\d)/g, "${$1}"), option) : option;
    });
    return { from: found.from, options, validFor: /^\w*$/ };
  };
}

const theme = EditorView.theme({
  "&": { color: "inherit", backgroundColor: "var(--field)", fontSize: "0.95rem", borderRadius: "0.5rem", border: "1px solid var(--edge)" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "1px" },
  ".cm-content": { fontFamily: "var(--mono)", caretColor: "var(--accent)", padding: "0.6rem 0" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--quiet)", border: "none", fontFamily: "var(--mono)" },
  ".cm-placeholder": { color: "var(--quiet)" },
  ".cm-activeLine": { backgroundColor: "var(--line)" },
  ".cm-cursor": { borderLeftColor: "var(--accent)" },
  ".cm-tooltip": { backgroundColor: "var(--card)", color: "var(--text)", border: "1px solid var(--edge)", borderRadius: "0.4rem" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--on-accent)" },
  ".ghost": { opacity: "0.75", color: "var(--quiet)", fontStyle: "italic", whiteSpace: "pre-wrap" },
});

// An editor in `parent`. `server` has complete(code, offset), inline(code, offset, signal) and
// validate(code), each of which gives a promise; `changed(code)` is told every text.
export function create(parent, { text = "", label, hint = "", server, changed = () => {}, full = true }) {
  const lint = linter(async (view) => {
    const code = view.state.doc.toString();
    const problem = code.trim() ? await server.validate(code).catch(() => null) : null;
    if (!problem) return [];
    const line = view.state.doc.line(Math.max(1, Math.min(problem.line || 1, view.state.doc.lines)));
    const from = Math.min(line.from + Math.max(0, problem.column - 1), line.to);
    return [{ from, to: Math.min(line.to, from + 1) || from, severity: "error", message: problem.message }];
  }, { delay: 300 });
  const view = new EditorView({ parent, state: EditorState.create({ doc: text, extensions: [
    lineNumbers(), history(), drawSelection(), bracketMatching(), closeBrackets(), highlightActiveLine(), indentUnit.of("    "),
    wgsl, syntaxHighlighting(colours), theme, placeholder(hint), EditorView.lineWrapping,
    EditorView.contentAttributes.of({ "aria-label": label }),
    autocompletion({ override: [completions(server.complete)], activateOnTypingDelay: 60, icons: false }),
    full ? [ghost, proposals(server.inline), lint,
      Prec.high(keymap.of([{ key: "Tab", run: acceptGhost }, { key: "Escape", run: dropGhost }]))] : [],
    keymap.of([...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap, ...(full ? [indentWithTab] : [])]),
    EditorView.updateListener.of((update) => update.docChanged && changed(update.state.doc.toString())),
  ] }) });
  return {
    view,
    get text() { return view.state.doc.toString(); },
    set text(value) { view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: value } }); },
    focus() { view.focus(); },
  };
}
