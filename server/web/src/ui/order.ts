/** In which order chips stand. */

/**
 * Gives the codes with those chosen at first in front. The order then holds still while a person chooses, so that
 * nothing moves under a thumb; it is made anew only when the list itself has changed.
 */
export function chosenFirst(): (codes: readonly string[], chosen: readonly string[]) => readonly string[] {
  let order: readonly string[] = [];
  return (codes, chosen) => {
    if (order.length !== codes.length || codes.some((code) => !order.includes(code))) {
      order = [...codes.filter((code) => chosen.includes(code)), ...codes.filter((code) => !chosen.includes(code))];
    }
    return order;
  };
}
