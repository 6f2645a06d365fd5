/** Light, dark or as the device wishes; kept on the device, applied to the root element. Owns no colour: `tokens.css`. */
export type Theme = "device" | "light" | "dark";

const KEPT_AS = "segin-theme";

/** What was chosen last; as the device wishes when nothing was, or when nothing can be kept. */
export function keptTheme(): Theme {
  try {
    const kept = localStorage.getItem(KEPT_AS);
    return kept === "light" || kept === "dark" ? kept : "device";
  } catch {
    return "device";
  }
}

/** Applies a theme and keeps it. */
export function chooseTheme(theme: Theme): void {
  applyTheme(theme);
  try {
    if (theme === "device") localStorage.removeItem(KEPT_AS);
    else localStorage.setItem(KEPT_AS, theme);
  } catch {
    // Private windows keep nothing; the choice then holds until the app is closed.
  }
}

/** Applies a theme without keeping it. */
export function applyTheme(theme: Theme): void {
  if (theme === "device") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}
