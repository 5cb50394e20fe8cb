import { useMemo, useSyncExternalStore } from "react";

export type Language = "zh" | "en";
/** A sentence in both languages; `{name}` stands for a fact. A missing language does not compile. */
export type Message = Readonly<Record<Language, string>>;
export type Facts = Readonly<Record<string, string | number>>;
export type Say<M> = (key: keyof M, facts?: Facts) => string;

const KEY = "eulermaker.language";
const listeners = new Set<() => void>();
let current: Language = remembered();

/** Declares the sentences of a feature; it exists so that their keys are checked. */
export function messages<const M extends Record<string, Message>>(all: M): M {
  return all;
}

export function language(): Language {
  return current;
}

export function setLanguage(wanted: Language): void {
  current = wanted;
  localStorage.setItem(KEY, wanted);
  document.documentElement.lang = wanted;
  for (const listener of listeners) listener();
}

export function useLanguage(): Language {
  return useSyncExternalStore(listen, language);
}

/** The sentences in the language of the page: `const t = useText(text)`, then `t("title")`. */
export function useText<M extends Record<string, Message>>(all: M): Say<M> {
  const spoken = useLanguage();
  return useMemo(() => (key, facts) => say(all[key] as Message, facts, spoken), [all, spoken]);
}

/** One sentence, outside of components. */
export function say(message: Message, facts: Facts = {}, spoken: Language = current): string {
  return message[spoken].replace(/\{(\w+)\}/g, (whole, name: string) => String(facts[name] ?? whole));
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function remembered(): Language {
  const stored = localStorage.getItem(KEY);
  const wanted = stored ?? navigator.language;
  const found: Language = wanted.startsWith("en") ? "en" : "zh";
  document.documentElement.lang = found;
  return found;
}
