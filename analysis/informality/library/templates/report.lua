-- Quarto's dialect on plain pandoc: conditional content, call-outs, numbering, cross references.
-- What is wrong with the document is written to stderr as "[report]<tab>kind<tab>token"; the renderer
-- finds the line. HTML for now; another format adds its branch where raw HTML is written here.

local names = {fig = 'Figure', tbl = 'Table', sec = 'Section'}
local label, meta = {}, {}

local function report(kind, token) io.stderr:write('[report]\t' .. kind .. '\t' .. token .. '\n') end
local function html(text) return pandoc.RawBlock('html', text) end
local function kind_of(id) local kind = id:match('^(%a+)%-'); return names[kind] and kind end
local function attribute(text) return (text:gsub('&', '&amp;'):gsub('"', '&quot;'):gsub('<', '&lt;')) end

-- 1. conditional content: `when-meta="show.hours"`, `unless-meta`, `when-format`, `unless-format`
local function holds(path)
  local value = meta
  for key in path:gmatch('[^.]+') do value = type(value) == 'table' and value[key] or nil end
  return value == true
end
local function conditional(el)
  local show
  if el.classes:includes('content-visible') then show = true
  elseif el.classes:includes('content-hidden') then show = false
  else return nil end
  local a, match = el.attributes, true
  if a['when-meta'] then match = match and holds(a['when-meta']) end
  if a['unless-meta'] then match = match and not holds(a['unless-meta']) end
  if a['when-format'] then match = match and FORMAT:find(a['when-format'], 1, true) ~= nil end
  if a['unless-format'] then match = match and FORMAT:find(a['unless-format'], 1, true) == nil end
  if match == show then return el.content end
  return {}
end

-- 2. call-outs; with `collapse` a details element that opens on a click
local titles = {note = 'Note', warning = 'Warning', tip = 'Tip', important = 'Important', caution = 'Caution'}
local function callout(div)
  for _, class in ipairs(div.classes) do
    local kind = class:match('^callout%-(%a+)$')
    if kind then
      local title = pandoc.Inlines(div.attributes.title or titles[kind] or kind)
      if div.content[1] and div.content[1].t == 'Header' then title = div.content:remove(1).content end
      local folded = div.attributes.collapse
      local outer, inner = folded and 'details' or 'div', folded and 'summary' or 'div'
      local open = folded == 'false' and ' open' or ''
      local blocks = pandoc.Blocks{
        html(('<%s class="callout callout-%s"%s><%s class="callout-title">'):format(outer, kind, open, inner)),
        pandoc.Plain(title), html(('</%s><div class="callout-body">'):format(inner))}
      blocks:extend(div.content)
      blocks:insert(html(('</div></%s>'):format(outer)))
      return blocks
    end
  end
end

-- 3. numbers, in document order. The title is the only first-level heading, so sections move down one level.
local count, section = {fig = 0, tbl = 0}, {0, 0, 0, 0, 0, 0}
local function remember(id, kind, number)
  if label[id] then report('twice', id) end
  label[id] = {kind, number}
end
local function header(h)
  if not h.classes:includes('unnumbered') then
    section[h.level] = section[h.level] + 1
    for deeper = h.level + 1, 6 do section[deeper] = 0 end
    local number = table.concat(section, '.', 1, h.level)
    if kind_of(h.identifier) == 'sec' then remember(h.identifier, 'sec', number) end
    h.content:insert(1, pandoc.Span(pandoc.Str(number), pandoc.Attr('', {'section-number'})))
    h.content:insert(2, pandoc.Space())
  end
  h.level = math.min(h.level + 1, 6)
  return h
end
local function numbered(id, blocks, caption)
  local kind = kind_of(id)
  count[kind] = count[kind] + 1
  remember(id, kind, tostring(count[kind]))
  local title = pandoc.Inlines{pandoc.Span(names[kind] .. '\u{a0}' .. count[kind] .. '.', pandoc.Attr('', {'caption-number'})), pandoc.Space()}
  title:extend(caption)
  local head = pandoc.Blocks{html('<figcaption>'), pandoc.Plain(title), html('</figcaption>')}
  local out = pandoc.Blocks{html(('<figure id="%s" class="%s">'):format(attribute(id), kind))}
  out:extend(head)
  out:extend(blocks)
  out:insert(html('</figure>'))
  return out
end
local function block(div)
  local kind = kind_of(div.identifier)
  if kind ~= 'fig' and kind ~= 'tbl' then return nil end
  local last = div.content[#div.content]
  if #div.content < 2 or not (last.t == 'Para' or last.t == 'Plain') then report('caption', div.identifier); return nil end
  div.content:remove(#div.content)
  return numbered(div.identifier, div.content, last.content)
end
local function figure(f)
  if kind_of(f.identifier) == 'fig' then
    return numbered(f.identifier, f.content, pandoc.utils.blocks_to_inlines(f.caption.long))
  end
end

-- 4. references, images, tables written in Markdown
local function cite(c)
  local out = pandoc.Inlines{}
  for n, citation in ipairs(c.citations) do
    local target = label[citation.id]
    if not target then report('reference', '@' .. citation.id); return nil end
    local text = target[2]
    if citation.mode ~= 'SuppressAuthor' then text = names[target[1]] .. '\u{a0}' .. text end
    if n > 1 then out:insert(pandoc.Str(',')); out:insert(pandoc.Space()) end
    out:insert(pandoc.Link(text, '#' .. citation.id, '', pandoc.Attr('', {'xref'})))
  end
  return out
end
local function image(i)
  local alt = i.attributes['fig-alt'] or pandoc.utils.stringify(i.caption)
  if not alt:match('%S') then report('alt', i.src) end
  i.attributes['fig-alt'] = nil
  i.attributes.alt = alt
  i.caption = {}
  return i
end
local function markdown_table(t)
  t.colspecs = t.colspecs:map(function(spec) return {spec[1], nil} end)  -- let the browser find the widths
  for _, row in ipairs(t.head.rows) do
    for _, cell in ipairs(row.cells) do cell.attr.attributes.scope = 'col' end
  end
  return {html('<div class="table-scroll" role="region" tabindex="0" aria-label="Table">'), t, html('</div>')}
end

return {
  {Meta = function(m) meta = m end},
  {Div = conditional, Span = conditional},
  {Div = callout},
  {traverse = 'topdown', Header = header, Div = block, Figure = figure},
  {Cite = cite, Image = image, Table = markdown_table},
}
