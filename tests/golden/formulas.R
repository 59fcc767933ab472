# Statistics that survey does not offer, and their influence on one more bit of weight, by the published formulas; read by
# make_golden_estimands.R and make_golden_matrix.R, which see to their errors with survey's svytotal and withReplicates.
# Gini: Langel and Tillé (2013, eq. 12). Theil, low pay and its threshold: Deville (1999), densities by a normal kernel of the
# `bandwidth` of the script. Quintile share ratio: Langel and Tillé (2011), Osier (2009). Influence is that of one case of weight 1.

number <- function(v) { v <- as.numeric(v); v[!is.finite(v)] <- NA; v }
gini_of <- function(y, w) {
  o <- order(y); y <- y[o]; w <- w[o]
  N <- sum(w); Y <- sum(w * y)
  2 * sum(w * y * (cumsum(w) - w / 2)) / (N * Y) - 1
}
gini_influence <- function(y, w) {                              # Langel and Tillé 2013, eq. 12
  stopifnot(!anyDuplicated(y[w > 0]))
  o <- order(y); z <- numeric(length(y))
  ys <- y[o]; ws <- w[o]
  N <- sum(ws); Y <- sum(ws * ys); Nk <- cumsum(ws); Yk <- cumsum(ws * ys) / Nk
  z[o] <- (2 * Nk * (ys - Yk) + Y - N * ys - gini_of(y, w) * (Y + ys * N)) / (N * Y)
  ifelse(is.nan(z), 0, z)                                       # weights of 0 before the first
}
theil_of <- function(y, w) { m <- weighted.mean(y, w); weighted.mean(y / m * log(y / m), w) }
theil_influence <- function(y, w) {
  N <- sum(w); Y <- sum(w * y); m <- Y / N
  (y / m * log(y / m) - theil_of(y, w)) / N - (theil_of(y, w) + 1) * (y - m) / (N * m)
}
left_inverse <- function(y, w, p) { o <- order(y); y[o][which(cumsum(w[o]) >= p * sum(w) - 1e-12 * sum(w))[1]] }
left_inverse_at <- function(y, w, ps) sapply(ps, function(p) left_inverse(y, w, p))
density_at <- function(y, w, at, h) sum(w * dnorm(at, y, h)) / sum(w)
low_pay_influence <- function(y, w, inside) {                   # over all who have a wage; the domain is `inside`
  m <- left_inverse(y, w, 0.5); thr <- 2 / 3 * m
  p <- weighted.mean((y < thr)[inside], w[inside])
  f <- density_at(y[inside], w[inside], thr, bandwidth) / density_at(y, w, m, bandwidth)
  list(est = p, threshold = thr, z = inside * ((y < thr) - p) / sum(w[inside]) -
         2 / 3 * f * ((y <= m) - 0.5) / sum(w))
}
likelihood_limits <- function(p, v, df) {
  # the scale is that of survey's confint.svyglm(method = "likelihood"): design over binomial variance
  deviance <- function(q) 2 * p * (1 - p) / v * (p * log(p / q) + (1 - p) * log((1 - p) / (1 - q)))
  gap <- function(logit) deviance(plogis(logit)) - qf(0.95, 1, df)
  solve1 <- function(side) plogis(uniroot(gap, sort(c(qlogis(p), qlogis(p) + side * 40)), tol = 1e-14)$root)
  c(solve1(-1), solve1(1))
}
lorenz <- function(y, w, p) {                                     # straight lines between the points of the curve
  o <- order(y)
  approx(c(0, cumsum(w[o])) / sum(w), c(0, cumsum((w * y)[o])) / sum(w * y), p)$y
}
quintile_share_of <- function(y, w) (1 - lorenz(y, w, 0.8)) / lorenz(y, w, 0.2)
quintile_share_influence <- function(y, w) {
  q <- left_inverse_at(y, w, c(0.2, 0.8))
  up_to <- function(q, p) y * (y <= q) - q * ((y <= q) - p)
  (y - up_to(q[2], 0.8) - quintile_share_of(y, w) * up_to(q[1], 0.2)) / (lorenz(y, w, 0.2) * sum(w * y))
}
threshold_influence <- function(y, w) {
  m <- left_inverse(y, w, 0.5)
  -2 / 3 * ((y <= m) - 0.5) / (sum(w) * density_at(y, w, m, bandwidth))
}
mid_ranks <- function(y, w) sapply(y, function(v) sum(w[y < v]) + sum(w[y == v]) / 2) / sum(w)

json <- function(v) {                                           # 17 significant digits: exact doubles
  if (is.list(v)) {
    parts <- vapply(v, json, "")
    if (is.null(names(v))) return(paste0("[", paste(parts, collapse = ",\n"), "]"))
    return(paste0("{", paste0('"', names(v), '": ', parts, collapse = ", "), "}"))
  }
  text <- if (is.character(v)) paste0('"', v, '"') else ifelse(is.na(v), "null", sprintf("%.17g", v))
  if (length(v) == 1) text else paste0("[", paste(text, collapse = ", "), "]")
}
