# Expected numbers for tests/inference/test_designs_golden.py, from R's survey package: spread, inequality, medians, contrasts and
# tests under every design of make_golden_designs.R (finite populations and lonely rules, two stages, replicate types,
# calibration), where make_golden_estimands.R has the lonely rules alone.
# Run in this folder: Rscript make_golden_matrix.R ; it runs make_golden_designs.R for its designs and writes
# golden_matrix.json. Never edit the results by hand; the versions are recorded in them.
#
# Linearised designs: the influence by the published formula (formulas.R), its error by svytotal; under "adjust" by
# `adjusted_total` (make_golden_designs.R). Replicate weights: every statistic computed anew, withReplicates.
# Left out: contrasts and tests under "adjust" and "average" (there each domain has lonely strata of its own, in R the
# strata of all; make_golden_estimands.R); the second degrees of freedom of tests of calibrated designs, for which R counts PSUs
# outside the domain, too, or the rank of calibrated replicates (make_golden_designs.R).
source("make_golden_designs.R")
source("formulas.R")
bandwidth <- 60
expected <- c(0.5, 0.3, 0.2)

# ---- Statistics of wages y with weights w; value and, for linearised designs, influence of a case
variance_of <- function(y, w) { n <- length(y); n / (n - 1) * sum(w * (y - weighted.mean(y, w))^2) / sum(w) }
variance_influence <- function(y, w) {
  n <- length(y); (n / (n - 1) * (y - weighted.mean(y, w))^2 - variance_of(y, w)) / sum(w)
}
statistics <- list(
  variance = list(variance_of, variance_influence),
  standard_deviation = list(function(y, w) sqrt(variance_of(y, w)),
                            function(y, w) variance_influence(y, w) / (2 * sqrt(variance_of(y, w)))),
  gini = list(gini_of, gini_influence),
  theil = list(theil_of, theil_influence),
  quintile_share_ratio = list(quintile_share_of, quintile_share_influence),
  median = list(function(y, w) left_inverse(y, w, 0.5), NULL))

matrix_of <- function(D, rule, is_calibrated = FALSE) {
  options(survey.lonely.psu = rule, survey.adjust.domain.lonely = FALSE)
  linearised <- inherits(D, "survey.design")
  weight <- function(d) if (linearised) weights(d) else weights(d, "sampling")
  cases <- list()
  add <- function(...) cases[[length(cases) + 1]] <<- list(...)
  # z: influence of the rows that have a weight
  error <- function(sub, z) {
    of_row <- numeric(nrow(sub$variables)); of_row[weight(sub) > 0] <- z
    if (rule == "adjust") return(sqrt(adjusted_total(of_row, sub)))
    sub$variables$z <- of_row
    as.numeric(SE(svytotal(~z, sub)))
  }
  covariance <- function(sub, Z) {
    sub$variables$Z <- matrix(0, nrow(sub$variables), ncol(Z)); sub$variables$Z[weight(sub) > 0, ] <- Z
    unname(as.matrix(vcov(svytotal(~Z, sub))))
  }
  replicated <- function(sub, f) withReplicates(sub, function(w, data) f(data, w))

  for (d in 0:3) {
    sub <- subset(D, domain == d & !is.na(wage) & weight > 0)
    kept <- weight(sub) > 0
    if (sum(kept) < 3) next
    y <- sub$variables$wage[kept]; w <- weight(sub)[kept]
    for (what in names(statistics)) {
      f <- statistics[[what]][[1]]
      if (!linearised) {
        if (d > 1) next                                              # a replicate may have nobody there
        r <- suppressWarnings(replicated(sub, function(data, w) f(data$wage, w)))
        add(what = what, domain = d, est = number(r), se = number(SE(r)))
      } else if (what != "median") {
        add(what = what, domain = d, est = f(y, w), se = number(error(sub, statistics[[what]][[2]](y, w))))
      } else if (degf(sub) > 0) {                                      # Woodruff: limits of the share, read off the distribution
        q <- f(y, w); share <- sum(w[y <= q]) / sum(w); t <- qt(0.975, degf(sub))
        limits <- share + c(-1, 1) * t * error(sub, ((y <= q) - share) / sum(w))
        ends <- sapply(limits, function(p) if (p < 0 || p > 1) NA else left_inverse(y, w, p))
        add(what = what, domain = d, est = q, low = number(ends[1]), high = number(ends[2]),
            se = number(diff(ends) / (2 * t)))
      }
    }
  }
  # ---- low pay and its threshold: the median of all who are paid
  paid <- subset(D, !is.na(wage) & weight > 0)
  kept <- weight(paid) > 0
  y <- paid$variables$wage[kept]; w <- weight(paid)[kept]; domain <- paid$variables$domain[kept]
  if (linearised) {
    for (d in 0:2) {
      low <- low_pay_influence(y, w, domain == d)
      add(what = "low_pay_share", domain = d, est = low$est, se = number(error(paid, low$z)))
    }
    add(what = "low_pay_threshold", est = 2 / 3 * left_inverse(y, w, 0.5),
        se = number(error(paid, threshold_influence(y, w))))
  } else {
    r <- suppressWarnings(replicated(paid, function(data, w) {
      line <- 2 / 3 * left_inverse(data$wage, w, 0.5)
      c(sapply(0:1, function(d) weighted.mean((data$wage < line)[data$domain == d], w[data$domain == d])), line)
    }))
    for (d in 0:1) add(what = "low_pay_share", domain = d, est = number(r)[d + 1], se = number(SE(r))[d + 1])
    add(what = "low_pay_threshold", est = number(r)[3], se = number(SE(r))[3])
  }
  if (rule %in% c("adjust", "average")) return(cases)
  # ---- contrasts of two domains, of two definitions; ranks
  two <- subset(D, domain %in% 0:1 & !is.na(wage) & weight > 0)
  kept <- weight(two) > 0
  y <- two$variables$wage[kept]; w <- weight(two)[kept]; g <- two$variables$domain[kept]
  difference <- function(y, w, g) weighted.mean(y[g == 1], w[g == 1]) - weighted.mean(y[g == 0], w[g == 0])
  of_mean <- function(y, k) (g == k) * (y - weighted.mean(y[g == k], w[g == k])) / sum(w[g == k])
  if (linearised) {
    m <- sapply(0:1, function(k) weighted.mean(y[g == k], w[g == k]))
    add(what = "difference", est = m[2] - m[1], se = number(error(two, of_mean(y, 1) - of_mean(y, 0))))
    add(what = "log_ratio", est = log(m[2] / m[1]),
        se = number(error(two, of_mean(y, 1) / m[2] - of_mean(y, 0) / m[1])))
  } else {
    r <- replicated(two, function(data, w) difference(data$wage, w, data$domain))
    add(what = "difference", est = number(r), se = number(SE(r)))
  }
  ranks <- mid_ranks(y, w)
  add(what = "rank", est = difference(ranks, w, g), se = number(error(two, of_mean(ranks, 1) - of_mean(ranks, 0))))
  known <- subset(D, domain %in% 0:2 & !is.na(status) & weight > 0)
  kept <- weight(known) > 0
  w <- weight(known)[kept]; long <- known$variables$hours[kept] >= 35; informal <- known$variables$informal[kept]
  gap <- informal - long
  if (linearised) add(what = "definitions", est = weighted.mean(gap, w),
                      se = number(error(known, (gap - weighted.mean(gap, w)) / sum(w))))
  else {
    r <- replicated(known, function(data, w) weighted.mean(data$informal - (data$hours >= 35), w))
    add(what = "definitions", est = number(r), se = number(SE(r)))
  }
  # ---- goodness of fit (Rao and Scott 1981) of three groups of status
  three <- pmin(as.integer(known$variables$status[kept]), 3)
  p <- sapply(1:3, function(k) sum(w[three == k]) / sum(w))
  if (linearised) V <- covariance(known, sapply(1:3, function(k) ((three == k) - p[k]) / sum(w)))
  else V <- unname(vcov(replicated(known, function(data, w)
    sapply(1:3, function(k) sum(w[pmin(as.integer(data$status), 3) == k]) / sum(w)))))
  n <- sum(kept)
  X2 <- n * sum((p - expected)^2 / expected)
  delta <- n * V[-3, -3] %*% solve(diag(expected[-3]) - outer(expected[-3], expected[-3]))
  trace <- sum(diag(delta)); d0 <- trace^2 / sum(diag(delta %*% delta))
  add(what = "fit", statistic = X2 / trace, df = d0, pearson = X2)
  gap <- (p - expected)[-3]
  add(what = "fit_wald", statistic = as.numeric(t(gap) %*% solve(V[-3, -3], gap)) / 2)
  known$variables$hours_group <- factor(findInterval(known$variables$hours, c(25, 43)))
  known$variables$three <- factor(pmin(ifelse(is.na(known$variables$status), 1, known$variables$status), 3))  # NA has weight 0
  t <- svychisq(~hours_group + three, known, statistic = "F")
  if (is_calibrated) add(what = "independence", statistic = number(t$statistic), df = number(t$parameter)[1])
  else add(what = "independence", statistic = number(t$statistic), df = number(t$parameter), p = number(t$p.value))
  cases
}

built <- list("plain/fail" = list(plain(measurable), "fail", FALSE))
for (rule in c("certainty", "adjust", "average")) built[[paste0("plain/", rule)]] <- list(plain(), rule, FALSE)
for (rule in c("fail", "certainty", "adjust", "average")) {
  rows <- if (rule == "fail") open_strata else rep(TRUE, nrow(x))
  built[[paste0("one_stage/", rule)]] <- list(one_stage(rows), rule, FALSE)
  built[[paste0("two_stage/", rule)]] <- list(two_stage(rows), rule, FALSE)
}
for (rule in c("certainty", "adjust")) built[[paste0("two_stage_lonely/", rule)]] <- list(two_stage1(), rule, FALSE)
built$simple_fpc <- list(svydesign(~1, weights = ~weight, fpc = rep(6000, nrow(x)), data = x), "fail", FALSE)
built$unstratified_fpc <- list(svydesign(~interaction(stratum, psu, drop = TRUE), weights = ~weight,
                                         fpc = rep(200, nrow(x)), data = x), "fail", FALSE)
for (name in names(replicated)) built[[name]] <- list(replicated[[name]], "fail", FALSE)
for (rule in c("certainty", "average")) built[[paste0("jkn_lonely/", rule)]] <- list(jackknife_of_lonely(rule), rule, FALSE)
for (base in names(bases)) for (method in names(calibrations)) {
  if ((base == "fay" && method == "logit") || (base %in% c("fay", "jk1") && method == "bounded")) next
  options(survey.lonely.psu = bases[[base]][[2]])
  built[[paste(base, method)]] <- list(calibrations[[method]](bases[[base]][[1]]), bases[[base]][[2]], TRUE)
}
out <- list(meta = list(r = R.version.string, survey = as.character(packageVersion("survey")),
                        script = "make_golden_matrix.R", digits = 17, bandwidth = bandwidth),
            designs = lapply(built, function(b) do.call(matrix_of, b)))
writeLines(json(out), "golden_matrix.json")
