/// <reference types="node" />
import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

const css = readFileSync(new URL('./tokens.css', import.meta.url), 'utf8');

/** The colours of each look, by the selector that gives them. */
function looks(): [string, Map<string, string>][] {
  const blocks = [...css.matchAll(/(:root[^{]*)\{([^}]*)\}/g)].map(([, selector = '', body = '']) => {
    const colours = [...body.matchAll(/--([a-z0-9-]+):\s*(#[0-9a-f]{6});/g)].map(([, name = '', value = '']) => [name, value] as const);
    return [selector.trim(), new Map(colours)] as [string, Map<string, string>];
  });
  return blocks.filter(([, colours]) => colours.has('paper'));
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((at) => parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** WCAG 2.2, "contrast ratio". */
function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

const TEXT_ON_GROUND = [
  ['ink', 'paper'],
  ['ink', 'card'],
  ['ink', 'green-soft'],
  ['ink', 'amber-soft'],
  ['ink-2', 'paper'],
  ['ink-2', 'card'],
  ['ink-2', 'green-soft'],
  ['ink-2', 'amber-soft'],
  ['green', 'paper'],
  ['green', 'card'],
  ['green', 'green-soft'],
  ['on-green', 'green'],
  ['amber', 'amber-soft'],
  ['red', 'paper'],
  ['red', 'card'],
  ['red', 'red-soft'],
  ['on-red', 'red'],
] as const;

describe.each(looks())('%s', (_, colours) => {
  const of = (name: string) => colours.get(name) ?? '';

  test.each(TEXT_ON_GROUND)('text in %s on %s reaches 7:1', (text, ground) => {
    expect(contrast(of(text), of(ground))).toBeGreaterThanOrEqual(7);
  });

  test.each(['paper', 'card'])('edges of controls and the ring of the focus reach 3:1 on %s', (ground) => {
    expect(contrast(of('edge'), of(ground))).toBeGreaterThanOrEqual(3);
    expect(contrast(of('focus'), of(ground))).toBeGreaterThanOrEqual(3);
  });
});

test('there are four looks: day, night by the phone, night by hand, sun', () => {
  expect(looks()).toHaveLength(4);
});
