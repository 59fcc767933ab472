-- How the report is written in Typst, from which the PDF is made.

return function(report, part, words)
  local shared = part('printed')(report, part)
  local write = {}
  local ROOM = 56  -- em of table letters (8.5 pt) in a line
  local TURNED, SMALLEST = 85, 0.8  -- the same on a sheet that is turned, for a table whose letters would become too small
  local function typst(text) return pandoc.RawBlock('typst', text) end
  local function quoted(text)
    return '"' .. text:gsub('\\', '\\\\'):gsub('"', '\\"'):gsub('\n', ' ') .. '"'
  end
  local function label(id) return id ~= '' and ' #label(' .. quoted(id) .. ')' or '' end
  local function within(open, blocks, close)
    local out = pandoc.Blocks{typst(open)}
    out:extend(blocks)
    out:insert(typst(close))
    return out
  end

  function write.raw_inline(r) if r.format == 'html' then report('raw', r.text) end end

  local function turned(blocks)
    local found = false
    pandoc.Blocks(blocks):walk{RawBlock = function(b) found = found or b.text:match('^/%* %d+ lines, turned %*/') ~= nil end}
    return found
  end

  function write.callout(kind, title, folded, content)
    local name = (folded or turned(content)) and 'folded' or 'callout'  -- a sheet cannot be turned within a frame
    return within('#' .. name .. '(kind: ' .. quoted(kind) .. ', title: [', {pandoc.Plain(title)}, '])[')
      .. content .. pandoc.Blocks{typst(']')}
  end

  function write.header(h) return h end

  -- made when the tables are, for it must be known how long they are: a short one stays on one page
  function write.numbered(id, kind, name, number, caption, blocks)
    local title = pandoc.Inlines{pandoc.Span(name .. '\u{a0}' .. number .. '.'), pandoc.Space()}
    title:extend(caption)
    blocks:insert(1, pandoc.Para(title))
    return pandoc.Div(blocks, pandoc.Attr(id, {'numbered'}, {kind = kind}))
  end
  local WHOLE = 18  -- lines of print; more, and too much of a sheet would stay empty before it
  -- a table and the notes right below it become one call
  local function with_notes(blocks)
    for i = 1, #blocks - 1 do
      if blocks[i].t == 'RawBlock' and blocks[i + 1].t == 'RawBlock' and blocks[i + 1].text == '#note-below[' then
        local mark, call = blocks[i].text:match('^(/%*.-%*/) #report%-table%((.+)%)$')
        if call then
          blocks[i].text = mark .. ' #noted(reserve => report-table(reserve: reserve, ' .. call .. '), ['
          blocks[i + 1].text = ''
          for j = i + 2, #blocks do
            if blocks[j].t == 'RawBlock' and blocks[j].text == ']' then blocks[j].text = '])'; break end
          end
        end
      end
    end
  end
  local function numbered(div)
    local lines, drawings = 0, 0
    div:walk{
      RawBlock = function(b) lines = lines + (tonumber(b.text:match('^/%* (%d+) lines')) or 0) end,
      RawInline = function(r) drawings = drawings + (r.text:match('^#image') and 1 or 0) end}
    local title = div.content:remove(1)
    with_notes(div.content)
    local out = within(('#numbered(kind: %s, whole: %s, caption: ['):format(
      quoted(div.attributes.kind), tostring(lines <= WHOLE and drawings < 2)), {pandoc.Plain(title.content)}, '])[')
    out:extend(div.content)
    out:insert(typst(']' .. label(div.identifier)))
    return turned(div.content) and within('#page(flipped: true)[', out, ']') or out
  end

  function write.image(i, alt, meta)
    local widths = meta['image-widths'] or {}
    local width = widths[i.src] and pandoc.utils.stringify(widths[i.src]) or '100%'
    return pandoc.RawInline('typst', '#image(' .. quoted(i.src) .. ', alt: ' .. quoted(alt) .. ', width: ' .. width .. ');')
  end

  local function text_of(line)
    local parts = {}
    for k, run in ipairs(line) do
      local flags, text = run.flags, '#' .. quoted(run.text) .. ';'
      if flags.code then text = '#raw(' .. quoted(run.text) .. ');' end
      if flags.b then text = '#strong[' .. text .. '];' end
      if flags.i then text = '#emph[' .. text .. '];' end
      if flags.sup then text = '#flag[' .. text .. '];' end
      if flags.href then
        local to = flags.href:match('^#(.+)')
        text = '#link(' .. (to and 'label(' .. quoted(to) .. ')' or quoted(flags.href)) .. ')[' .. text .. '];'
      end
      parts[k] = text
    end
    local text = table.concat(parts)
    return line.soft and '#soft[' .. text .. ']' or text
  end
  local function cell_of(cell, line, head)
    local lines = {}
    for k, text in ipairs(cell.lines) do lines[k] = text_of(text) end
    local inside = '[' .. table.concat(lines, '#linebreak()') .. ']'
    local options = {}
    if cell.colspan > 1 then options[#options + 1] = 'colspan: ' .. cell.colspan end
    if cell.rowspan > 1 then options[#options + 1] = 'rowspan: ' .. cell.rowspan end
    if cell.align ~= 'left' then options[#options + 1] = 'align: ' .. cell.align .. (head and ' + bottom' or '') end
    if line.group then options[#options + 1] = 'fill: tint'; inside = '[#strong' .. inside .. ']' end
    return #options == 0 and inside or 'table.cell(' .. table.concat(options, ', ') .. ')' .. inside
  end
  function write.table(t)
    local laid, mark = shared.lay_out(t, ROOM), ''
    if laid.size < SMALLEST then laid, mark = shared.lay_out(t, TURNED), ', turned' end
    local columns, parts = {}, {}
    for c, width in ipairs(laid.widths) do columns[c] = ('%.4ffr'):format(width) end
    local function row(line)
      local cells = {}
      for i, cell in ipairs(line.cells) do cells[i] = cell_of(cell, line, line.where == 'head') end
      return table.concat(cells, ', ')
    end
    local heads = {}
    for r = 1, laid.head do heads[r] = row(laid.rows[r]) end
    if #heads > 0 then parts[1] = 'table.header(' .. table.concat(heads, ',\n') .. ')' end
    for r = laid.head + 1, #laid.rows do
      local line = laid.rows[r]
      local level = line.group and laid.grouped and 'table.header(level: 2, %s)' or '%s'
      parts[#parts + 1] = (level:gsub('%%s', (row(line):gsub('%%', '%%%%'))))
    end
    return {typst(('/* %d lines%s */ #report-table(columns: (%s,), size: %.3f, pad: %.2f, depth: %d, rows: %d,\n%s)'):format(
      laid.high, mark, table.concat(columns, ', '), laid.size, laid.pad, laid.head, #laid.rows, table.concat(parts, ',\n')))}
  end

  write.raw = shared.raw(typst('#pagebreak(weak: true)'), write.table)

  local kinds = {summary = 'summary', absent = 'absent', ['note-below'] = 'note-below', ['flow-step'] = 'flow-step'}
  -- a formula is read out as it was written in TeX
  local function formula(m)
    local written = pandoc.write(pandoc.Pandoc{pandoc.Plain{m}}, 'typst'):gsub('%s+$', '')
    local shown = m.mathtype == 'DisplayMath' and 'block: true, ' or ''
    return pandoc.RawInline('typst', '#math.equation(' .. shown .. 'alt: ' .. quoted(m.text) .. ', ' .. written .. ');')
  end

  write.last = {{Math = formula}, {Div = function(div)
    if div.classes:includes('numbered') then return numbered(div) end
    for class, name in pairs(kinds) do
      if div.classes:includes(class) then return within('#' .. name .. '[', div.content, ']') end
    end
  end}, {Pandoc = function(doc)
    if doc.meta['own-contents'] then return doc end
    return shared.with_contents(doc, {pandoc.Header(1, words('contents'), pandoc.Attr('contents', {'unnumbered', 'unlisted'})), typst('#contents()')})
  end}}
  return write
end
