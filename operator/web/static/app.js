// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Pages are whole without this: it sorts, filters, and fetches what has changed.
'use strict';

const every = 5000;
const root = document.documentElement;
const $ = (id) => document.getElementById(id);
root.classList.add('js');

// Times, as how long ago.
// By the server's clock: the reader's may be wrong.
const skew = Date.parse(document.body.dataset.now) - Date.now();
const ago = (t) => {
  const s = Math.max(0, Math.round((Date.now() + skew - Date.parse(t.dateTime)) / 1000));
  const text = s < 90 ? `${s} s` : s < 5400 ? `${Math.round(s / 60)} min` : s < 129600 ? `${Math.round(s / 3600)} h` : `${Math.round(s / 86400)} d`;
  if (!t.dataset.clock) t.dataset.clock = t.textContent;
  const told = `${t.dataset.clock} (${text} ago)`;
  if (t.textContent !== told) t.textContent = told;
};
const ages = () => document.querySelectorAll('time[data-ago]').forEach(ago);

// Dark or light: the server knows by a cookie, so that no page is first the other way.
const theme = $('theme');
const dark = () => root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
const named = () => { theme.textContent = dark() ? 'Light' : 'Dark'; };
theme.hidden = false;
named();
theme.addEventListener('click', () => {
  root.dataset.theme = dark() ? 'light' : 'dark';
  document.cookie = `theme=${root.dataset.theme}; Path=/; Max-Age=31536000; SameSite=Strict${location.protocol === 'https:' ? '; Secure' : ''}`;
  named();
});

// The table of the fleet.
const rows = $('rows');
let order = [], column = -1, up = true;
const fleet = () => {
  const heads = [...document.querySelectorAll('.fleet thead th')];
  const value = (row, c) => { const cell = row.children[c]; return cell.dataset.v ?? cell.textContent; };
  const sort = () => {
    const by = new Map([...rows.children].map((r) => [r.dataset.id, r]));
    let list = order.map((id) => by.get(id)).filter(Boolean);
    if (column >= 0) {
      const text = heads[column].dataset.sort === 'text';
      list = list.map((r) => [r, value(r, column)]).sort(([, a], [, b]) => {
        if (a === '' || b === '') return (a === '') - (b === '');
        const c = text ? a.localeCompare(b, 'en', { numeric: true }) : parseFloat(a) - parseFloat(b);
        return up ? c : -c;
      }).map(([r]) => r);
    }
    const focus = document.activeElement;
    rows.append(...list);
    if (rows.contains(focus)) focus.focus({ preventScroll: true });
    heads.forEach((h, i) => { if (i === column) h.setAttribute('aria-sort', up ? 'ascending' : 'descending'); else h.removeAttribute('aria-sort'); });
    $('worst').hidden = column < 0;
  };
  const filter = () => {
    const q = $('q').value.trim().toLowerCase(), only = $('problems').checked;
    let shown = 0;
    for (const r of rows.children) {
      r.hidden = !r.dataset.id.includes(q) || (only && !('problem' in r.dataset));
      shown += !r.hidden;
    }
    $('none').hidden = shown > 0;
    const query = new URLSearchParams();
    if (q) query.set('q', q);
    if (only) query.set('problems', '1');
    history.replaceState(null, '', query.size ? `?${query}` : location.pathname);
  };
  heads.forEach((h, i) => {
    const b = document.createElement('button');
    b.type = 'button';
    b.textContent = h.textContent;
    h.replaceChildren(b);
    b.addEventListener('click', () => {
      up = column === i ? !up : h.dataset.sort !== 'down';
      column = i;
      sort();
    });
  });
  $('worst').addEventListener('click', () => { column = -1; sort(); });
  $('q').addEventListener('input', filter);
  $('problems').addEventListener('change', filter);
  document.querySelector('.find').addEventListener('submit', (e) => { e.preventDefault(); filter(); });
  order = [...rows.children].map((r) => r.dataset.id);
  return { sort, filter };
};

const make = (html) => { const t = document.createElement('template'); t.innerHTML = html; return t.content.firstElementChild; };

// What has changed in the fleet. A page that was filtered by the server begins with a part
// of the rows, and asks for all of them first.
const table = rows && fleet();
let version = rows && (location.search ? '0' : document.querySelector('.fleet').dataset.version);
const applyFleet = (got) => {
  version = got.version;
  $('totals').innerHTML = got.totals;
  const by = new Map([...rows.children].map((r) => [r.dataset.id, r]));
  for (const [id, html] of Object.entries(got.rows || {})) {
    const next = make(html), was = by.get(id);
    const focused = was?.contains(document.activeElement);
    if (was) was.replaceWith(next); else rows.append(next);
    if (focused) next.querySelector('a').focus({ preventScroll: true });
  }
  if (got.order) {
    const there = new Set(got.order);
    for (const [id, r] of by) if (!there.has(id)) r.remove();
    order = got.order;
  }
  if (got.order || got.rows) { table.sort(); table.filter(); }
};

// What has changed of a control plane, section by section; what a reader has opened stays, and
// so does where the reader is.
const last = {};
const place = (e) => e.getAttribute('href') || e.getAttribute('aria-labelledby') || e.parentElement.dataset.key;
const applyPlane = (got) => {
  for (const [id, html] of Object.entries(got)) {
    const s = $(id);
    if (!s || last[id] === html) continue;
    last[id] = html;
    const open = [...s.querySelectorAll('details[open]')].map((d) => d.dataset.key);
    const focus = s.contains(document.activeElement) && place(document.activeElement);
    const aside = [...s.querySelectorAll('.wide')].map((w) => w.scrollLeft);
    const scrolled = s.querySelector('.events')?.scrollTop;
    s.innerHTML = html;
    s.querySelectorAll('details').forEach((d) => { d.open = open.includes(d.dataset.key); });
    if (focus) [...s.querySelectorAll('a, summary, .wide')].find((e) => place(e) === focus)?.focus({ preventScroll: true });
    s.querySelectorAll('.wide').forEach((w, i) => { w.scrollLeft = aside[i] || 0; });
    if (scrolled) s.querySelector('.events').scrollTop = scrolled;
  }
};

const address = document.body.dataset.live;
let tag = '', good = Date.now();
const told = (text, lost) => { const l = $('live'); if (l.textContent !== text) l.textContent = text; l.classList.toggle('lost', lost); };
const look = async () => {
  if (document.hidden) return;
  try {
    const r = await fetch(rows ? `${address}?since=${version}` : address, { headers: tag ? { 'If-None-Match': tag } : {}, cache: 'no-store', signal: AbortSignal.timeout(10000) });
    if (r.status === 401 || r.status === 403 || r.status === 404) { location.reload(); return; }
    if (r.status !== 304) {
      if (!r.ok) throw new Error(r.statusText);
      tag = r.headers.get('ETag') || '';
      (rows ? applyFleet : applyPlane)(await r.json());
      ages();
    }
    good = Date.now();
    told('Live', false);
  } catch {
    told(`No answer since ${new Date(good).toISOString().slice(11, 16)} UTC: what is shown is old`, true);
  }
};
ages();
setInterval(ages, 1000);
if (address) {
  setInterval(look, every);
  document.addEventListener('visibilitychange', look);
  if (version === '0') look();
}
