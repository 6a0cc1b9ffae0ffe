//! How the page looks: system fonts, light and dark, on a telephone and on paper. Colours are of the
//! [palette](crate::report::colours) that the colour-blind can tell apart.

use crate::report::colours::{PALETTE, hex};

const BLUE: usize = 0;
const VERMILION: usize = 1;
const GREEN: usize = 3;
const SKY: usize = 4;
const ORANGE: usize = 5;

/// The style sheet.
pub fn sheet() -> String {
    let [blue, vermilion, green, sky, orange] =
        [BLUE, VERMILION, GREEN, SKY, ORANGE].map(|colour| hex(PALETTE[colour]));
    let [r, g, b] = PALETTE[BLUE];
    let [red_r, red_g, red_b] = PALETTE[VERMILION];
    format!(
        ":root {{ color-scheme: light dark; --paper: #fff; --ink: #1b2026; --soft: #5a6572; --line: #dde2e7; --panel: #f5f7f9;
  --first: {blue}; --second: {vermilion}; --third: {green}; --right: {r} {g} {b}; --wrong: {red_r} {red_g} {red_b}; }}
@media (prefers-color-scheme: dark) {{ :root {{ --paper: #14181c; --ink: #e7eaee; --soft: #9ba7b4; --line: #2e363e;
  --panel: #1c2127; --first: {sky}; --second: {orange}; }} }}
{REST}"
    )
}

const REST: &str = "\
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto,
  'Helvetica Neue', Arial, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; overflow-wrap: anywhere; }
h1 { font-size: 1.15rem; font-weight: 600; line-height: 1.35; margin: 0; }
h2 { font-size: 1.3rem; font-weight: 650; line-height: 1.3; margin: 0 0 .6rem; }
h3 { font-size: 1rem; font-weight: 600; margin: 1.6rem 0 .5rem; }
p { margin: 0 0 .8rem; max-width: 44rem; }
section { margin-top: 3.2rem; }
a { color: var(--first); }
nav { display: flex; flex-wrap: wrap; gap: .2rem 1rem; margin-top: 1.4rem; font-size: .9rem; }
nav a { text-decoration: none; }
nav a:hover { text-decoration: underline; }
.soft, figcaption, small { color: var(--soft); }
.soft { font-size: .92rem; }
small { font-size: .8em; }
.headline { font-size: clamp(3rem, 13vw, 5rem); font-weight: 680; letter-spacing: -.03em; line-height: 1; margin: 1.4rem 0 .3rem; }
.headline small { font-size: .36em; letter-spacing: 0; font-weight: 500; }
.meaning { font-size: 1.1rem; margin-top: .9rem; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .9rem 1.2rem; margin: 1.8rem 0 0; }
.facts dt { color: var(--soft); font-size: .82rem; }
.facts dd { margin: 0; font-size: 1.12rem; font-weight: 550; font-variant-numeric: tabular-nums; }
.notes { list-style: none; margin: 1.6rem 0 0; padding: 0; }
.notes li { border-left: 4px solid var(--second); background: var(--panel); padding: .6rem .9rem; margin-bottom: .5rem; }
.notes li::before { content: '\\26a0\\fe0e\\00a0'; color: var(--second); }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); gap: 1.2rem 2rem; }
.pair + .soft, .pictures + h3 { margin-top: 1.2rem; }
figure { margin: 0; }
figcaption { font-size: .86rem; line-height: 1.35; }
.chart { display: block; width: 100%; height: auto; }
.chart text { fill: var(--soft); font-size: 11px; }
.grid { stroke: var(--line); stroke-width: 1; }
.axis { stroke: var(--soft); stroke-width: 1; }
.dash { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 3 3; }
.first, .second { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.first { stroke: var(--first); }
.second { stroke: var(--second); stroke-dasharray: 6 4; }
.key { display: inline-block; width: 1.5em; vertical-align: middle; border-top: 2.5px solid var(--first); }
.key-second { border-top: 2.5px dashed var(--second); }
.dot-first { fill: var(--first); }
.dot-second { fill: var(--second); }
.bar { fill: var(--first); fill-opacity: .28; stroke: var(--first); stroke-width: 1; }
.gap { stroke: var(--second); stroke-width: 2; }
.count { fill: var(--soft); fill-opacity: .55; }
.scroll { overflow-x: auto; margin: .6rem 0; -webkit-overflow-scrolling: touch; }
table { border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
th, td { padding: .35rem .7rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { font-weight: 550; max-width: 18rem; overflow-wrap: break-word; }
thead th { color: var(--soft); font-weight: 500; font-size: .86rem; vertical-align: bottom; }
.number { text-align: right; white-space: nowrap; }
.whisker { display: block; width: 100%; min-width: 7rem; height: 7px; margin-top: 2px; }
.whisker line { vector-effect: non-scaling-stroke; }
.range { stroke: var(--first); stroke-width: 4; stroke-opacity: .4; }
.mark { stroke: var(--first); stroke-width: 2; }
.matrix td { text-align: center; vertical-align: middle; min-width: 3.6rem; padding: .3rem .4rem; border: 1px solid var(--paper); line-height: 1.2;
  background: var(--panel); }
.matrix td.right { background: rgb(var(--right) / calc(.08 + .54 * var(--s))); }
.matrix td.wrong { background: rgb(var(--wrong) / calc(.06 + .56 * var(--s))); }
.matrix td small { display: block; color: inherit; opacity: .8; }
.matrix thead th { text-align: center; min-width: 3.6rem; max-width: 7rem; overflow-wrap: anywhere; }
.matrix tbody th { position: sticky; left: 0; background: var(--paper); max-width: 9rem; overflow-wrap: anywhere; vertical-align: middle; }
.matrix .corner { color: var(--soft); font-weight: 400; text-align: left; white-space: nowrap; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(7.4rem, 1fr)); gap: 1.1rem .9rem; margin: .8rem 0 0; }
.pictures img { display: block; width: 100%; max-width: 9rem; height: auto; aspect-ratio: 1; object-fit: contain; image-rendering: pixelated; background: var(--panel);
  border-radius: 4px; margin-bottom: .35rem; }
.pictures b { color: var(--ink); font-weight: 600; }
.maps { background: #fff; border-radius: 6px; overflow-x: auto; margin-top: 1rem; }
.maps svg { display: block; min-width: 44rem; width: 100%; height: auto; }
pre { background: var(--panel); padding: .8rem 1rem; border-radius: 6px; overflow-x: auto; font: .84rem/1.5 ui-monospace, 'SF Mono', Menlo, Consolas,
  monospace; overflow-wrap: normal; margin: .6rem 0; }
summary { cursor: pointer; font-weight: 550; }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .86rem; }
@media (max-width: 30rem) {
  th, td { padding: .3rem .4rem; }
  table { font-size: .86rem; }
  .whisker { min-width: 5rem; }
}
@media print {
  :root { color-scheme: light; --paper: #fff; --ink: #000; --soft: #444; --line: #ccc; --panel: #f4f4f4; }
  body { font-size: 10.5pt; }
  main { max-width: none; padding: 0; }
  nav { display: none; }
  section { margin-top: 1.6rem; }
  h2, h3 { break-after: avoid; }
  figure, tr, .facts, .pair > * { break-inside: avoid; }
  .scroll, pre, .maps { overflow: visible; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
";
