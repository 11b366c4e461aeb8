/** What tests look at in the inbox of a desk. */

/** The line of a session; `decided` is how far a decision on it has come: `sending`, `sent`, `unsent`. */
export const row = (desk, id, decided) => desk.page.locator(`[data-testid=inbox-row][data-id="${id}"]${decided ? `[data-decided=${decided}]` : ''}`);

/** The session that is open to be read. */
export const pane = (desk, id) => desk.page.locator(`[data-testid=pane][data-id="${id}"]`);

/** Waits until so many are counted in a state. */
export const count = (desk, state, n) => desk.page.locator(`[data-testid=state-${state}][data-count="${n}"]`).waitFor();
