# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the page of a report looks, in light and in dark. Data."""

from __future__ import annotations

STYLE = """
:root{color-scheme:light dark;--ink:#1f2328;--dim:#59636e;--line:#d1d9e0;--paper:#fff;
--good:#1a7f37;--bad:#cf222e;--busy:#9a6700;--bar:#1f6feb}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--dim:#9198a1;--line:#3d444d;--paper:#0d1117;
--good:#3fb950;--bad:#f85149;--busy:#d29922;--bar:#4493f8}}
body{font:14px/1.45 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:960px;margin:2em auto;
padding:0 1em}
h1{font-size:1.5em}h2{font-size:1.15em;margin:1.8em 0 .5em;border-bottom:1px solid var(--line)}
.state{font-size:.6em;padding:.2em .7em;border-radius:1em;color:#fff;background:var(--dim);vertical-align:middle}
.state.done{background:var(--good)}.state.failed,.state.rolled_back{background:var(--bad)}
.state.waiting,.state.running{background:var(--busy)}
.danger{border:2px solid var(--bad);color:var(--bad);padding:.6em 1em;font-weight:bold}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2em 1.2em;margin:1em 0}dt{color:var(--dim)}dd{margin:0}
table{border-collapse:collapse;width:100%;font-size:.93em}
th,td{text-align:left;vertical-align:top;padding:.25em .7em .25em 0;border-bottom:1px solid var(--line);
overflow-wrap:anywhere}
th{color:var(--dim);font-weight:normal}td.number{text-align:right;white-space:nowrap}
.note{color:var(--dim)}pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:0}
svg{width:100%;height:auto}svg text{font:12px sans-serif;fill:var(--ink)}svg text.tick{font-size:11px;fill:var(--dim)}
.grid{stroke:var(--line)}.cap{stroke:var(--dim);stroke-dasharray:5 4}
.limit{fill:none;stroke:var(--dim);stroke-opacity:.6}.curve{fill:none;stroke:var(--bar);stroke-width:1.8}
rect{fill:var(--dim)}rect.done,rect.ready{fill:var(--bar)}rect.several{fill:var(--bar);fill-opacity:.55}
rect.failed{fill:var(--bad)}rect.running{fill:var(--busy)}
"""
