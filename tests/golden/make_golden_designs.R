# Expected numbers for tests/inference/test_designs_golden.py, from R's survey package.
# Run in this folder: Rscript make_golden_designs.R ; it reads golden_sample.csv (made by make_golden.R) and
# writes golden_designs_sample.csv and golden_designs.json. Never edit the results by hand.
#
# Where survey 4.1-1 is not used as it stands (see the oracle's README for its faults):
# - totals under lonely "adjust" are formed in `adjusted_total` (4.1-1 centres a lonely unit at 0, 4.5 at the mean
#   total; at the second stage we take the mean over all second-stage units, for which R has no counterpart);
# - covariances between domains are not asked of calibrated designs;
# - degrees of freedom of calibrated replicate designs are left out: R counts the rank of the replicate weights anew
#   after post-stratification and linear calibration but keeps the old number after raking;
# - second-stage lonely units are not asked of "average", where R gives NaN, or "fail".
suppressMessages(library(survey))

x <- read.csv("golden_sample.csv", colClasses = c(stratum = "character"))
psu_key <- paste(x$stratum, sprintf("%02d", x$psu))
key <- sort(unique(psu_key))
within <- ave(seq_len(nrow(x)), psu_key, FUN = seq_along)

# ---- Finite populations: N2 and S3 (which has one PSU) are taken whole; N3 and W1 are lonely.
population <- c(N1 = 9, N2 = 2, N3 = 5, S1 = 20, S2 = 8, S3 = 1, E1 = 10, E2 = 40, W1 = 12, W2 = 7)
x$n_psu <- population[x$stratum]
x$household <- (within + 1) %/% 2                                  # two persons each, in no order
households <- ave(x$household, psu_key, FUN = function(h) length(unique(h)))
x$n_household <- households + (match(psu_key, key) * 5) %% 13      # some PSUs are taken whole
x$household1 <- ifelse(psu_key %in% c("S1 02", "E2 03", "N1 04"), 1, x$household)
x$n_household1 <- ifelse(psu_key %in% c("S1 02", "E2 03", "N1 04"), 6, x$n_household)
x$half <- (match(psu_key, key) + 1) %/% 2                          # pairs of PSUs, for half samples
x$side <- (match(psu_key, key) + 1) %% 2
x$sex <- ifelse((within * 7) %% 3 == 0, "f", "m")
x$age <- (within * 5) %% 4 %/% 2 + ifelse(x$hours > 45, 1, 0)
write.csv(x, "golden_designs_sample.csv", row.names = FALSE, quote = FALSE, na = "")
x <- read.csv("golden_designs_sample.csv", colClasses = c(stratum = "character"))
x$status <- factor(x$status, levels = 1:4)
x$wage0 <- ifelse(is.na(x$wage), 0, x$wage)                        # calibrated designs keep rows out of the
x$informal0 <- ifelse(is.na(x$informal), 0, x$informal)            # domain with weight 0, and 0 x NA is NA
x$sex <- factor(x$sex); x$age <- factor(x$age)

known <- list(sex = round(tapply(x$weight, x$sex, sum) * c(1.15, 0.95)),
              hours = round(sum(x$weight * x$hours) * 1.01))
known$age <- round(tapply(x$weight, x$age, sum) * c(1.1, 0.9, 1))
known$age[3] <- sum(known$sex) - sum(known$age[1:2])
cells <- round(xtabs(weight ~ sex + age, x) * c(1.2, 0.9, 0.95, 1.1, 1.05, 1))

# ---- Designs
open_strata <- !x$stratum %in% c("N3", "W1")
plain <- function(rows = rep(TRUE, nrow(x))) svydesign(~psu, strata = ~stratum, weights = ~weight, nest = TRUE, data = x[rows, ])
one_stage <- function(rows = rep(TRUE, nrow(x))) svydesign(~psu, strata = ~stratum, fpc = ~n_psu, weights = ~weight, nest = TRUE, data = x[rows, ])
two_stage <- function(rows = rep(TRUE, nrow(x))) svydesign(~psu + household, strata = ~stratum, fpc = ~n_psu + n_household, weights = ~weight, nest = TRUE, data = x[rows, ])
two_stage1 <- function() svydesign(~psu + household1, strata = ~stratum, fpc = ~n_psu + n_household1, weights = ~weight, nest = TRUE, data = x)
pairs <- svydesign(~side, strata = ~half, weights = ~weight, nest = TRUE, data = x)
psus <- svydesign(~interaction(stratum, psu, drop = TRUE), weights = ~weight, data = x)
measurable <- !x$stratum %in% c("N3", "S3", "W1")
set.seed(20240715)
hadamard32 <- Reduce(kronecker, rep(list(matrix(c(1, 1, 1, -1), 2)), 5))
i <- match(paste(x$stratum, sprintf("%02d", x$psu)), key)
sdr <- function(mse) svrepdesign(data = x, weights = ~weight, repweights = 1 + 2^-1.5 * (hadamard32[i + 1, ] - hadamard32[i + 2, ]),
                                 type = "successive-difference", combined.weights = FALSE, mse = mse)
replicated <- list(
  jkn = as.svrepdesign(plain(measurable), type = "JKn"),
  jkn_mse = as.svrepdesign(plain(measurable), type = "JKn", mse = TRUE),
  jkn_fpc = as.svrepdesign(one_stage(measurable), type = "JKn"),
  jk1 = as.svrepdesign(psus, type = "JK1"),
  brr = as.svrepdesign(pairs, type = "BRR"),
  fay = as.svrepdesign(pairs, type = "Fay", fay.rho = 0.3),
  bootstrap = as.svrepdesign(plain(measurable), type = "subbootstrap", replicates = 40),
  bootstrap_mse = as.svrepdesign(psus, type = "bootstrap", replicates = 25, mse = TRUE),
  sdr = sdr(FALSE), sdr_mse = sdr(TRUE))

# Replicates of a design with lonely PSUs. Under "average" R's jackknife is scaled by PSUs over PSUs that are not lonely
# (28/25), its linearisation by strata over strata that are not (10/7); ours is the latter in both, so the scale is set.
jackknife_of_lonely <- function(rule) {
  options(survey.lonely.psu = rule)
  r <- as.svrepdesign(plain(), type = "JKn")
  stopifnot(r$scale == c(certainty = 1, average = 28 / 25)[[rule]])
  r$scale <- c(certainty = 1, average = 10 / 7)[[rule]]
  r
}

calibrations <- list(
  poststratified = function(d) postStratify(d, ~sex + age, cells),
  linear = function(d) calibrate(d, ~sex + age + hours, population = targets(), epsilon = 1e-13),
  raking = function(d) calibrate(d, ~sex + age, population = margins(), calfun = "raking", epsilon = 1e-13, maxit = 200),
  logit = function(d) calibrate(d, ~sex + age, population = margins(), calfun = "logit", bounds = c(0.5, 1.8), epsilon = 1e-13, maxit = 200),
  bounded = function(d) calibrate(d, ~sex + age + hours, population = targets(), bounds = c(0.8, 1.3), epsilon = 1e-13, maxit = 200))
margins <- function() c("(Intercept)" = sum(known$sex), sexm = known$sex[["m"]], age1 = known$age[["1"]], age2 = known$age[["2"]])
targets <- function() c(margins(), hours = known$hours)

# ---- Numbers
number <- function(v) { v <- as.numeric(v); v[!is.finite(v)] <- NA; v }

# The variance of a total under "adjust": a lonely unit's squared distance from the mean total of its stage.
adjusted_total <- function(y, d) {
  stage <- function(z, group, unit, drawn, scale) {                # one line for each unit that is there
    t <- tapply(z, unit, sum); of <- tapply(group, unit, unique)[names(t)]
    n <- tapply(drawn, group, unique); s <- tapply(scale, group, unique)
    centre <- sum(t) / sum(n)
    sum(sapply(names(n), function(g) { v <- c(t[of == g], rep(0, n[[g]] - sum(of == g)))
      s[[g]] * if (n[[g]] > 1) n[[g]] * var(v) else (v - centre)^2 }))
  }
  z <- y * weights(d); h <- as.character(d$strata[, 1]); p <- as.character(d$cluster[, 1])
  f <- if (is.null(d$fpc$popsize)) numeric(length(y)) else d$fpc$sampsize[, 1] / d$fpc$popsize[, 1]
  v <- stage(z, h, p, d$fpc$sampsize[, 1], 1 - f)
  if (ncol(d$cluster) > 1)
    v <- v + stage(z, p, as.character(d$cluster[, 2]), d$fpc$sampsize[, 2],
                   f * (1 - d$fpc$sampsize[, 2] / d$fpc$popsize[, 2]))
  v
}

cases_of <- function(D, rule, is_calibrated = FALSE) {
  options(survey.lonely.psu = rule, survey.adjust.domain.lonely = FALSE)
  linearised <- inherits(D, "survey.design")
  weight <- function(d) if (linearised) weights(d) else weights(d, "sampling")
  cases <- list(list(statistic = "degf", df = degf(D)))
  add <- function(statistic, domain, sub, m, ...) cases[[length(cases) + 1]] <<- c(list(statistic = statistic,
    domain = domain, est = number(coef(m)), se = number(SE(m)), n = sum(weight(sub) > 0), df = degf(sub)), list(...))
  if (is_calibrated) cases[[2]] <- list(statistic = "weights", weights = as.numeric(weight(D)))
  for (d in 0:6) {
    if (!any(x$domain == d)) next
    paid <- subset(D, domain == d & !is.na(wage))
    surveyed <- subset(D, domain == d & !is.na(status))
    if (sum(weight(paid)) == 0) next                               # a domain of a stratum that was left out
    with_deff <- linearised
    deffs <- function(m) if (with_deff) list(deff = number(deff(m))) else NULL
    put <- function(statistic, sub, m, ...) do.call(add, c(list(statistic, d, sub, m), deffs(m), list(...)))
    put("mean_wage", paid, svymean(~wage0, paid, deff = with_deff))
    for (v in c("wage", "informal")) {
      sub <- if (v == "wage") paid else surveyed
      m <- svytotal(as.formula(paste0("~", v, "0")), sub, deff = with_deff)
      if (rule == "adjust") {
        old <- as.numeric(attr(m, "var")); new <- adjusted_total(sub$variables[[paste0(v, "0")]], sub)
        attr(m, "deff") <- deff(m) * new / old
        attr(m, "var") <- matrix(new, dimnames = list(v, v))
      }
      put(paste0("total_", v), sub, m)
    }
    m <- svyratio(~wage0, ~hours, paid)
    add("ratio_wage_hours", d, paid, m)
    m <- svymean(~I(status %in% 1) + I(status %in% 2) + I(status %in% 3) + I(status %in% 4), surveyed)
    true <- c(2, 4, 6, 8)
    if (length(coef(m)) == 8) {
      v <- matrix(number(vcov(m)), 8)[true, true]
      cases[[length(cases) + 1]] <- list(statistic = "share_status", domain = d, est = number(coef(m))[true],
        se = sqrt(diag(v)), n = sum(weight(surveyed) > 0), df = degf(surveyed), vcov = v)
    }
  }
  if (linearised && !is_calibrated && rule != "average") {
    by <- svyby(~wage, ~domain, subset(D, !is.na(wage) & domain >= 0), svymean, covmat = TRUE)
    cases[[length(cases) + 1]] <- list(statistic = "by_domain_mean_wage", domains = by$domain,
      est = number(coef(by)), vcov = matrix(number(vcov(by)), nrow(by)))
  }
  cases
}

designs <- list()
for (rule in c("fail", "certainty", "adjust", "average")) {
  rows <- if (rule == "fail") open_strata else rep(TRUE, nrow(x))
  designs[[paste0("one_stage/", rule)]] <- list(cases = cases_of(one_stage(rows), rule))
  designs[[paste0("two_stage/", rule)]] <- list(cases = cases_of(two_stage(rows), rule))
}
for (rule in c("certainty", "adjust"))
  designs[[paste0("two_stage_lonely/", rule)]] <- list(cases = cases_of(two_stage1(), rule))
designs$simple_fpc <- list(cases = cases_of(svydesign(~1, weights = ~weight, fpc = rep(6000, nrow(x)), data = x), "fail"))
designs$unstratified_fpc <- list(cases = cases_of(
  svydesign(~interaction(stratum, psu, drop = TRUE), weights = ~weight, fpc = rep(200, nrow(x)), data = x), "fail"))
for (name in names(replicated)) {
  r <- replicated[[name]]
  designs[[name]] <- list(cases = cases_of(r, "fail"))
  if (!startsWith(name, "jk")) {                                   # the jackknife is made from the design
    of <- paste(r$variables$stratum, r$variables$psu); one <- !duplicated(of)
    designs[[name]] <- c(list(scale = r$scale, rscales = as.numeric(r$rscales), psu = of[one],
                              factors = unclass(as.matrix(weights(r, "replication")))[one, ]), designs[[name]])
  }
}
for (rule in c("certainty", "average"))
  designs[[paste0("jkn_lonely/", rule)]] <- list(cases = cases_of(jackknife_of_lonely(rule), rule))
cased <- x$weight > 0                                              # R divides by the weights when it calibrates
bases <- list(
  "one_stage/average" = list(one_stage(cased), "average"),
  "two_stage/certainty" = list(two_stage(cased), "certainty"),
  jk1 = list(as.svrepdesign(svydesign(~interaction(stratum, psu, drop = TRUE), weights = ~weight, data = x[cased, ]),
                            type = "JK1"), "fail"),
  fay = list(replicated$fay, "fail"))
for (base in names(bases)) for (method in names(calibrations)) {
  # some replicates cannot meet the totals within the bounds: R warns and goes on with what it has
  if ((base == "fay" && method == "logit") || (base %in% c("fay", "jk1") && method == "bounded")) next
  options(survey.lonely.psu = bases[[base]][[2]])
  D <- calibrations[[method]](bases[[base]][[1]])
  if (method == "bounded") stopifnot(any(abs(weights(D) / D$variables$weight - 0.8) < 1e-9))  # they bind
  designs[[paste(base, method)]] <- list(cases = cases_of(D, bases[[base]][[2]], TRUE))
}

out <- list(meta = list(r = R.version.string, survey = as.character(packageVersion("survey")),
                        script = "make_golden_designs.R", digits = 17),
            controls = list(sex = as.list(known$sex), age = as.list(known$age), hours = known$hours,
                            cells = lapply(seq_along(cells), function(k) list(
                              rep(dimnames(cells)$sex, 3)[k], rep(dimnames(cells)$age, each = 2)[k], cells[k]))),
            designs = designs)

json <- function(v) {                                           # 17 significant digits: exact doubles
  if (is.list(v)) {
    parts <- vapply(v, json, "")
    if (is.null(names(v))) return(paste0("[", paste(parts, collapse = ",\n"), "]"))
    return(paste0("{", paste0('"', names(v), '": ', parts, collapse = ", "), "}"))
  }
  if (is.matrix(v)) return(json(lapply(seq_len(nrow(v)), function(i) v[i, ])))
  text <- if (is.character(v)) paste0('"', v, '"') else ifelse(is.na(v), "null", sprintf("%.17g", v))
  if (length(v) == 1) text else paste0("[", paste(text, collapse = ", "), "]")
}
writeLines(json(out), "golden_designs.json")
