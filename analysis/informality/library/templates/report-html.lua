-- How the report is written in HTML. The title is the only first-level heading, so sections move down one level.

return function(_, _, words)
  local write = {}
  local function html(text) return pandoc.RawBlock('html', text) end
  local function attribute(text) return (text:gsub('&', '&amp;'):gsub('"', '&quot;'):gsub('<', '&lt;')) end

  function write.callout(kind, title, folded, content)
    local outer, inner = folded and 'details' or 'div', folded and 'summary' or 'div'
    local open = folded == 'false' and ' open' or ''
    local blocks = pandoc.Blocks{
      html(('<%s class="callout callout-%s"%s><%s class="callout-title">'):format(outer, kind, open, inner)),
      pandoc.Plain(title), html(('</%s><div class="callout-body">'):format(inner))}
    blocks:extend(content)
    blocks:insert(html(('</div></%s>'):format(outer)))
    return blocks
  end

  function write.header(h)
    h.level = math.min(h.level + 1, 6)
    return h
  end

  function write.numbered(id, kind, name, number, caption, blocks)
    local title = pandoc.Inlines{
      pandoc.Span(name .. '\u{a0}' .. number .. '.', pandoc.Attr('', {'caption-number'})), pandoc.Space()}
    title:extend(caption)
    local out = pandoc.Blocks{
      html(('<figure id="%s" class="%s">'):format(attribute(id), kind)),
      html('<figcaption>'), pandoc.Plain(title), html('</figcaption>')}
    out:extend(blocks)
    out:insert(html('</figure>'))
    return out
  end

  function write.image(i, alt)
    i.attributes['fig-alt'] = nil
    i.attributes.alt = alt
    i.caption = {}
    return i
  end

  -- a table written in Markdown; those of the toolkit are HTML already
  function write.table(t)
    t.colspecs = t.colspecs:map(function(spec) return {spec[1], nil} end)  -- let the browser find the widths
    for _, row in ipairs(t.head.rows) do
      for _, cell in ipairs(row.cells) do cell.attr.attributes.scope = 'col' end
    end
    return {html('<div class="table-scroll" role="region" tabindex="0" aria-label="' .. attribute(words('table')) .. '">'), t, html('</div>')}
  end

  return write
end
