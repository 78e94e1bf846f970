/** Where every row of the wall lies, so that only those near the screen have elements. Lengths in rem. */

export const SIZES = Object.freeze({ gap: 1.2, text: 7.2, group: 3.6, list: 2.8, card: 26, narrow: 23.5 });

/** How a group of cards is called, from one of them. */
export function groupOf(card, by) {
  if (!by || by === "none") return "";
  return String(card[by] ?? "") || { sequence: "No sequence", shot: "No shot", artist: "Nobody" }[by] || "Other";
}

/** Columns and the width of a card for a wall of `width` rem. */
export function columns(width, isNarrow) {
  const least = isNarrow ? SIZES.narrow : SIZES.card;
  const count = Math.max(1, Math.floor((width + SIZES.gap) / (least + SIZES.gap)));
  return { count, width: (width - SIZES.gap * (count - 1)) / count };
}

/**
 * Rows from top to bottom: {kind: "group" | "cards", top, height, name, from, to}: cards [from, to) of the
 * list. A group begins where a card's group is another one than before.
 */
export function rows(cards, { by, width, list, isNarrow }) {
  const grid = list ? { count: 1, width } : columns(width, isNarrow);
  const height = list ? SIZES.list : (grid.width * 9) / 16 + SIZES.text;
  const gap = list ? 0 : SIZES.gap;
  const found = [];
  let top = 0;
  let name = null;
  for (let at = 0; at < cards.length; ) {
    const own = groupOf(cards[at], by);
    if (own !== name) {
      name = own;
      if (own) top = push(found, { kind: "group", top: found.length && list ? top + SIZES.gap : top, height: SIZES.group, name, from: at, to: at });
    }
    let to = at + 1;
    while (to < cards.length && to - at < grid.count && groupOf(cards[to], by) === name) to += 1;
    top = push(found, { kind: "cards", top, height, name, from: at, to }) + gap;
    at = to;
  }
  return { rows: found, height: top, width: grid.width, cardHeight: height, count: grid.count };
}

function push(found, row) {
  found.push(row);
  return row.top + row.height;
}

/** [first, after) of the rows that touch [top, bottom]. */
export function between(all, top, bottom) {
  let low = 0;
  let high = all.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (all[middle].top + all[middle].height < top) low = middle + 1;
    else high = middle;
  }
  let after = low;
  while (after < all.length && all[after].top <= bottom) after += 1;
  return [low, after];
}
