#include "report/html.h"

namespace quern::html {

// Text on the two strongest of the ramp has a colour of its own (--on-strong, --on-strongest), for contrast.
// Two series (isolated, accumulated) keep one hue each in both modes; --l0…--l5 are one ramp from "nothing lost" to
// "much lost", towards the ink in light mode and towards light in dark mode.
const char* const kStyle = R"css(
:root{color-scheme:light dark;--page:#f7f7f5;--card:#fff;--ink:#161615;--soft:#5b5a56;--faint:#8b8a84;--line:#e3e2dd;
--iso:#2a6fc9;--acc:#d9622b;--good:#2f7d4f;--l0:#eef0ee;--l1:#fbe3cf;--l2:#f6bd94;--l3:#ea8b5b;--l4:#d2552f;--l5:#a32617;--on-strong:#fff;--on-strongest:#fff}
@media (prefers-color-scheme:dark){:root{--page:#141413;--card:#1d1d1b;--ink:#f1f0ec;--soft:#b4b2aa;--faint:#85837c;--line:#33322f;
--iso:#5d9bea;--acc:#ec8551;--good:#67b587;--l0:#2a2b2a;--l1:#46302a;--l2:#6d3b2b;--l3:#9a492c;--l4:#b9512b;--l5:#f3925f;--on-strong:#fff;--on-strongest:#141413}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main{max-width:1120px;margin:0 auto;padding:32px 24px 64px}
h1{font-size:26px;line-height:1.25;margin:0 0 4px;font-weight:650;letter-spacing:-.01em}
h2{font-size:17px;margin:0 0 4px;font-weight:650}
p{margin:0 0 12px}
.models{color:var(--soft);margin-bottom:20px;overflow-wrap:anywhere}
.models b{color:var(--ink);font-weight:600}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:20px;margin:0 0 18px}
.verdict{font-size:17px;line-height:1.55;border-left:4px solid var(--acc);overflow-wrap:anywhere}
.verdict.well{border-left-color:var(--good)}
.hint{color:var(--soft);font-size:13px;margin:0 0 14px;max-width:82ch}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:0 0 18px}
.tile{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px;min-width:0}
.tile .n{font-size:25px;font-weight:650;line-height:1.2;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.tile .n.word{font-size:15px;line-height:1.3;white-space:normal;overflow-wrap:anywhere}
.tile .u{font-size:14px;font-weight:500;color:var(--soft)}
.tile .t{color:var(--soft);font-size:13px}
.scroll{overflow:auto;max-height:560px}
table{border-collapse:collapse;width:100%;font-size:13.5px;font-variant-numeric:tabular-nums}
th{position:sticky;top:0;background:var(--card);text-align:right;font-weight:600;color:var(--soft);padding:6px 10px;border-bottom:1px solid var(--line);white-space:nowrap}
td{text-align:right;padding:5px 10px;border-bottom:1px solid var(--line);white-space:nowrap}
th.w,td.w{text-align:left}
td.text{text-align:left;white-space:normal}
.facts{align-self:start}
.notes{color:var(--soft);font-size:13.5px;margin:12px 0 0;padding-left:20px}
td.gain{color:var(--good);font-weight:620}
td.name{max-width:260px;overflow:hidden;text-overflow:ellipsis;text-align:left;font-weight:550}
td.why{text-align:left;white-space:normal;min-width:210px;color:var(--soft)}
td.why b{color:var(--ink);font-weight:600}
.bar{display:inline-block;height:9px;border-radius:2px;margin-right:8px;vertical-align:1px}
.key{display:flex;flex-wrap:wrap;gap:18px;color:var(--soft);font-size:13px;margin:0 0 8px}
.key i{display:inline-block;width:14px;height:10px;border-radius:2px;margin-right:6px;box-shadow:inset 0 0 0 1px var(--line)}
.pairs{display:grid;grid-template-columns:repeat(auto-fit,minmax(320px,1fr));gap:18px}
.layer h3{font-size:15px;margin:0 0 2px;font-weight:620;overflow-wrap:anywhere}
.layer .fig{color:var(--soft);font-size:13px;margin:0 0 6px}
.layer .say{font-size:13.5px;margin:6px 0 0;overflow-wrap:anywhere}
.gain{color:var(--good);font-weight:620}
svg{display:block;max-width:100%;height:auto}
svg.wide{width:100%;min-width:680px}
svg text{font:11px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;fill:var(--soft)}
svg .ink{fill:var(--ink)}
.gallery{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,460px),1fr));gap:18px 24px}
.pictures{display:grid;grid-template-columns:1fr 1fr;gap:8px}
.pictures figure{margin:0}
.pictures img{width:100%;border-radius:6px;border:1px solid var(--line);display:block}
figcaption{color:var(--soft);font-size:13px;margin-top:4px;overflow-wrap:anywhere}
@media (max-width:560px){main{padding:20px 12px 40px}.card{padding:14px}.verdict{font-size:16px}}
@media print{.scroll{max-height:none;overflow:visible}.card,.tile{break-inside:avoid}}
footer{color:var(--faint);font-size:12.5px}
)css";

}  // namespace quern::html
