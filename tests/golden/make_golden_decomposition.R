# Expected numbers for tests/inference/test_decomposition_golden.py, from base R and R's survey package.
# Run in this folder: Rscript make_golden_decomposition.R ; it reads golden_models_sample.csv (made by make_golden_models.R)
# and writes golden_decomposition.json. Never edit the results by hand; the versions that made them are in them.
#
# No R package decomposes gaps under a survey design, so the estimators are written out here as functions of the weights,
# in the plainest way: a column for every level of every factor, Gardeazabal and Ugidos' and Yun's normalisation by its
# formula, quantiles by a cumulated sum. Their errors come from survey in two ways that use no derivation of ours:
#   - linearised designs: the influence of each row is the *numerical* derivative of the estimator with respect to the row's
#     weight (central differences, Richardson extrapolation, right to some 1e-9); svytotal makes its variance.
#   - replicate designs: withReplicates.
suppressMessages(library(survey))

x <- read.csv("golden_models_sample.csv")
x$education <- factor(x$education); x$sex <- factor(x$sex); x$area <- factor(x$area)
kept <- x[!x$stratum %in% c("G", "H"), ]                        # without the lonely strata
make <- function(data, ...) svydesign(~psu, strata = ~stratum, weights = ~weight, nest = TRUE, data = data, ...)
plain <- make(kept)
designs <- list(
  fail = list("fail", plain), fpc = list("fail", make(kept, fpc = ~N_psu)),
  average = list("average", make(x)), jkn = list("fail", as.svrepdesign(plain, type = "JKn", compress = FALSE)))

# ---- Models: weighted least squares, and Fisher scoring until nothing moves.
fit <- function(X, y, w, kind) {
  if (kind == "linear") return(solve(crossprod(X, w * X), crossprod(X, w * y))[, 1])
  l <- make.link(kind); b <- rep(0, ncol(X))
  for (i in 1:200) {
    eta <- drop(X %*% b); mu <- l$linkinv(eta); d <- l$mu.eta(eta); v <- mu * (1 - mu)
    step <- solve(crossprod(X, X * (w * d^2 / v)), crossprod(X, w * (y - mu) * d / v))[, 1]
    b <- b + step
    if (max(abs(step)) < 1e-13) break
  }
  b
}

# ---- A formula with every level in sight: X for fitting, `all` with a column for each level, `term` of each of these.
spell_out <- function(terms, data) {
  all <- matrix(1, nrow(data), 1); term <- "constant"; factor_of <- NA; first <- FALSE
  for (t in terms) {
    v <- data[[t]]
    if (is.factor(v)) {
      all <- cbind(all, sapply(levels(v), function(l) as.numeric(v == l)))
      term <- c(term, rep(t, nlevels(v))); factor_of <- c(factor_of, rep(t, nlevels(v)))
      first <- c(first, c(TRUE, rep(FALSE, nlevels(v) - 1)))
    } else { all <- cbind(all, v); term <- c(term, t); factor_of <- c(factor_of, NA); first <- c(first, FALSE) }
  }
  list(X = unname(all[, !first, drop = FALSE]), all = unname(all), term = term, factor_of = factor_of, first = first)
}
# coefficients for all levels: the reference has 0, or all are taken from their mean and the constant has the means
for_all <- function(b, m, normalise) {
  full <- rep(0, ncol(m$all)); full[!m$first] <- b
  if (normalise) for (f in unique(na.omit(m$factor_of))) {
    mine <- which(m$factor_of == f); centre <- mean(full[mine])
    full[mine] <- full[mine] - centre; full[1] <- full[1] + centre
  }
  full
}

gap_parts <- function(w, m, y, one, kind, reference, normalise, threefold = FALSE) {
  F <- if (kind == "linear") identity else make.link(kind)$linkinv
  a <- one; b <- !one; W <- c(sum(w[a]), sum(w[b]))
  mean_of <- function(v, g) sum(w[g] * v[g]) / sum(w[g])
  beta_a <- fit(m$X[a, ], y[a], w[a], kind); beta_b <- fit(m$X[b, ], y[b], w[b], kind)
  star <- switch(reference, first = beta_a, second = beta_b,
    pooled = fit(cbind(m$X, one - 0.5), y, w, kind)[seq_along(beta_a)],
    neumark = fit(m$X, y, w, kind), cotton = (W[1] * beta_a + W[2] * beta_b) / sum(W))
  full <- lapply(list(a = beta_a, b = beta_b, s = star), for_all, m, normalise)
  predicted <- function(g, s) mean_of(F(drop(m$all %*% full[[s]])), g)
  xbar <- list(a = colSums(w[a] * m$all[a, ]) / W[1], b = colSums(w[b] * m$all[b, ]) / W[2])
  share <- function(total, products) {                         # Yun's weights; a part that is 0 has none
    if (kind == "linear") return(products)
    if (total == 0 && sum(products) == 0) return(0 * products)
    total * products / sum(products)
  }
  by_term <- function(v) { s <- tapply(v, factor(m$term, unique(m$term)), sum); c(s[-1], s[1]) }
  line <- function(name, total, terms, constant) {
    s <- by_term(terms); if (!constant) s <- s[names(s) != "constant"]
    setNames(c(total, s), c(name, paste0(name, ": ", names(s))))
  }
  d <- xbar$a - xbar$b
  observed <- c(mean_of(y, a), mean_of(y, b))
  gap <- observed[1] - observed[2]
  if (threefold) {
    e <- d * full$b; co <- xbar$b * (full$a - full$b); i <- d * (full$a - full$b)
    return(c(observed, gap = gap, line("endowments", sum(e), e, FALSE), line("coefficients", sum(co), co, TRUE),
             line("interaction", sum(i), i, FALSE)))
  }
  explained <- predicted(a, "s") - predicted(b, "s")
  u_a <- predicted(a, "a") - predicted(a, "s"); u_b <- predicted(b, "s") - predicted(b, "b")
  unexplained <- share(u_a, xbar$a * (full$a - full$s)) + share(u_b, xbar$b * (full$s - full$b))
  out <- c(observed, gap = gap, line("explained", explained, share(explained, d * full$s), FALSE),
           line("unexplained", u_a + u_b, unexplained, TRUE))
  if (kind == "probit") out <- c(out, "not fitted" = gap - explained - u_a - u_b)
  out
}

# ---- Errors.
influence <- function(theta, w) {
  slope <- function(i, h) {
    up <- w; up[i] <- w[i] * (1 + h); down <- w; down[i] <- w[i] * (1 - h)
    (theta(up) - theta(down)) / (2 * h * w[i])
  }
  t(sapply(seq_along(w), function(i) (4 * slope(i, 0.001) - slope(i, 0.002)) / 3))
}
covariance <- function(theta, design) {
  if (inherits(design, "svyrep.design")) return(vcov(withReplicates(design, function(w, data) theta(w))))
  vcov(svytotal(influence(theta, weights(design)), design))
}
number <- function(v) { v <- as.numeric(v); v[!is.finite(v)] <- NA; v }
square <- function(m) matrix(number(m), nrow(m))
freedom <- function(design, one) {
  design$variables$one__ <- one
  c(degf(subset(design, one__)), degf(subset(design, !one__)))
}
employed <- function(design) subset(design, employed == 1 & weight > 0)
paid <- function(design) subset(design, employed == 1 & weight > 0 & !is.na(wage))

cases <- list()
questions <- list(
  earnings = list(paid, function(v) log(v$wage), c("age", "education", "area"), "sex", "male", "linear"),
  informality = list(employed, function(v) v$informal, c("age", "education", "area"), "sex", "female", "logit"),
  by_area = list(employed, function(v) v$informal, c("sex", "age"), "area", "rural", "probit"))
for (d in names(designs)) for (q in names(questions)) {
  options(survey.lonely.psu = designs[[d]][[1]])
  of <- questions[[q]]; design <- of[[1]](designs[[d]][[2]]); v <- design$variables
  y <- of[[2]](v); m <- spell_out(of[[3]], v); one <- v[[of[[4]]]] == of[[5]]; kind <- of[[6]]
  kinds <- c("pooled", "neumark", "cotton", "first", "second", if (kind == "linear") "threefold")
  for (reference in kinds) for (normalise in c(TRUE, FALSE)) {
    if (d != "fail" && !(reference %in% c("pooled", "cotton", "threefold") && normalise)) next
    three <- reference == "threefold"
    theta <- function(w) gap_parts(w, m, y, one, kind, if (three) "second" else reference, normalise, three)
    est <- theta(weights(design, "sampling"))
    cases[[length(cases) + 1]] <- list(question = q, design = d, reference = reference, normalise = as.integer(normalise),
      names = names(est), est = number(est), vcov = square(covariance(theta, design)), df = min(freedom(design, one)))
    cat(d, q, reference, normalise, "\n")
  }
}

# ---- Reweighting: formal workers' characteristics for informal ones.
quantile_of <- function(y, w, p) { o <- order(y); y[o][which(cumsum(w[o]) >= p * sum(w) * (1 - 1e-13))[1]] }
reweighted <- list()
for (d in names(designs)) {
  options(survey.lonely.psu = designs[[d]][[1]])
  design <- paid(designs[[d]][[2]]); v <- design$variables; w <- weights(design, "sampling")
  y <- log(v$wage); one <- v$informal == 0; X <- spell_out(c("sex", "age", "education", "area"), v)$X
  three <- function(w) {
    odds <- exp(drop(X %*% fit(X, as.numeric(one), w, "logit")))
    list(w * one, w * (!one), w * (!one) * odds)
  }
  now <- three(w); p <- c(0.1, 0.5, 0.9)
  level <- sapply(p, function(p) sapply(now, function(u) quantile_of(y, u, p)))
  theta <- function(w) {
    u <- three(w)
    unlist(lapply(0:3, function(s) lapply(1:3, function(g)
      sum(u[[g]] * (if (s == 0) y else y <= level[g, s])) / sum(u[[g]]))))
  }
  share <- theta(w); V <- covariance(theta, design); se <- sqrt(diag(V))
  df <- freedom(design, one); df <- c(df, min(df))
  value <- share; slope <- rep(1, 12)
  for (s in 1:3) for (g in 1:3) {                               # Woodruff
    i <- 3 * s + g; t <- qt(0.975, df[g])
    ends <- sapply(share[i] + c(-1, 1) * t * se[i], function(p) quantile_of(y, now[[g]], p))
    value[i] <- level[g, s]; slope[i] <- -diff(ends) / (2 * t * se[i])
  }
  V <- V * outer(slope, slope)
  shown <- rbind(c(1, 0, 0), c(0, 1, 0), c(0, 0, 1), c(1, -1, 0), c(0, -1, 1), c(1, 0, -1))
  M <- kronecker(diag(4), shown)
  effective <- sapply(now, function(u) sum(u)^2 / sum(u^2))
  r <- exp(drop(X %*% fit(X, as.numeric(one), w, "logit"))); r <- r * sum(w[!one]) / sum((w * r)[!one])
  near <- sapply(now, function(u) c(sum(u[r / (1 + r) < 0.05]), sum(u[r / (1 + r) > 0.95])) / sum(u))
  reweighted[[d]] <- list(est = number(M %*% value), vcov = square(M %*% V %*% t(M)), df = min(df),
    effective = effective, largest = sapply(now, function(u) max(u / sum(u))), near = square(near),
    means = square(sapply(now, function(u) colSums(u * X[, -1]) / sum(u))))
  cat(d, "reweighted\n")
}

# ---- An interaction, levels from their average: R's own contr.sum.
options(survey.lonely.psu = "fail")
design <- paid(plain); v <- design$variables; w <- weights(design)
options(contrasts = c("contr.sum", "contr.poly"))
X <- model.matrix(~ sex * age, v); one <- v$area == "rural"; y <- log(v$wage)
theta <- function(w) {
  b1 <- fit(X[one, ], y[one], w[one], "linear"); b2 <- fit(X[!one, ], y[!one], w[!one], "linear")
  m1 <- colSums(w[one] * X[one, ]) / sum(w[one]); m2 <- colSums(w[!one] * X[!one, ]) / sum(w[!one])
  explained <- (m1 - m2) * b1
  unexplained <- m2 * (b1 - b2)
  c(explained[2:4], unexplained[c(2:4, 1)])
}
est <- theta(w)
interaction <- list(names = c(paste("explained:", c("sex", "age", "sex:age")),
  paste("unexplained:", c("sex", "age", "sex:age", "constant"))), est = number(est), vcov = square(covariance(theta, design)))

out <- list(meta = list(r = R.version.string, survey = as.character(packageVersion("survey")),
                        script = "make_golden_decomposition.R", digits = 17),
            cases = cases, reweighted = reweighted, interaction = interaction)
json <- function(v) {                                           # 17 significant digits: exact doubles
  if (is.list(v)) {
    parts <- vapply(v, json, "")
    if (is.null(names(v))) return(paste0("[", paste(parts, collapse = ",\n"), "]"))
    return(paste0("{", paste0('"', names(v), '": ', parts, collapse = ", "), "}"))
  }
  if (is.matrix(v)) return(json(lapply(seq_len(nrow(v)), function(i) v[i, ])))
  text <- if (is.character(v)) paste0('"', gsub('"', "'", v), '"') else ifelse(is.na(v), "null", sprintf("%.17g", v))
  if (length(v) == 1) text else paste0("[", paste(text, collapse = ", "), "]")
}
writeLines(json(out), "golden_decomposition.json")
