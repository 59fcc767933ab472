-- Quarto's dialect on plain pandoc: conditional content, call-outs, numbering, cross references.
-- What is wrong with the document is written to stderr as "[report]<tab>kind<tab>token"; the renderer
-- finds the line. How a thing is written in one format stands in report-<format>.lua.

local names = {fig = 'figure', tbl = 'table', sec = 'section'}  -- in the language of the document, see `words`
local label, meta = {}, {}
-- the fixed words of a report, from its metadata
local function words(key) return meta.words and meta.words[key] and pandoc.utils.stringify(meta.words[key]) or key end
local function name_of(kind) return words(names[kind]) end

local function report(kind, token) io.stderr:write('[report]\t' .. kind .. '\t' .. token .. '\n') end
local function kind_of(id) local kind = id:match('^(%a+)%-'); return names[kind] and kind end
local here = pandoc.path.directory(PANDOC_SCRIPT_FILE)
local function part(name) return dofile(pandoc.path.join{here, 'report-' .. name .. '.lua'}) end
local write = part(FORMAT:match('html') and 'html' or FORMAT)(report, part, words)

-- 1. conditional content: `when-meta="show.hours"`, `unless-meta`, `when-format`, `unless-format`
local function holds(path)
  local value = meta
  for key in path:gmatch('[^.]+') do value = type(value) == 'table' and value[key] or nil end
  return value == true
end
local function of_format(asked)
  return FORMAT:find(asked, 1, true) ~= nil or (FORMAT == 'typst' and asked == 'pdf')
end
local function conditional(el)
  local show
  if el.classes:includes('content-visible') then show = true
  elseif el.classes:includes('content-hidden') then show = false
  else return nil end
  local a, match = el.attributes, true
  if a['when-meta'] then match = match and holds(a['when-meta']) end
  if a['unless-meta'] then match = match and not holds(a['unless-meta']) end
  if a['when-format'] then match = match and of_format(a['when-format']) end
  if a['unless-format'] then match = match and not of_format(a['unless-format']) end
  if match == show then return el.content end
  return {}
end

-- 2. call-outs; with `collapse` one that opens on a click, where a format can do so
local function callout(div)
  for _, class in ipairs(div.classes) do
    local kind = class:match('^callout%-(%a+)$')
    if kind then
      local title = pandoc.Inlines(div.attributes.title or words(kind))
      if div.content[1] and div.content[1].t == 'Header' then title = div.content:remove(1).content end
      return write.callout(kind, title, div.attributes.collapse, div.content)
    end
  end
end

-- 3. numbers, in document order
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
  return write.header(h)
end
local function numbered(id, blocks, caption)
  local kind = kind_of(id)
  count[kind] = count[kind] + 1
  remember(id, kind, tostring(count[kind]))
  return write.numbered(id, kind, name_of(kind), tostring(count[kind]), caption, blocks)
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

-- 4. references, images, tables
local function cite(c)
  local out = pandoc.Inlines{}
  for n, citation in ipairs(c.citations) do
    local target = label[citation.id]
    if not target then report('reference', '@' .. citation.id); return nil end
    local text = target[2]
    if citation.mode ~= 'SuppressAuthor' then text = name_of(target[1]) .. '\u{a0}' .. text end
    if n > 1 then out:insert(pandoc.Str(',')); out:insert(pandoc.Space()) end
    out:insert(pandoc.Link(text, '#' .. citation.id, '', pandoc.Attr('', {'xref'})))
  end
  return out
end
local function image(i)
  local alt = i.attributes['fig-alt'] or pandoc.utils.stringify(i.caption)
  if not alt:match('%S') then report('alt', i.src) end
  return write.image(i, alt, meta)
end

local filters = {
  {Meta = function(m) meta = m end},
  {Div = conditional, Span = conditional},
  {RawBlock = write.raw, RawInline = write.raw_inline},
  {Div = callout},
  {traverse = 'topdown', Header = header, Div = block, Figure = figure},
  {Cite = cite, Image = image, Table = write.table},
}
for _, filter in ipairs(write.last or {}) do table.insert(filters, filter) end
return filters
