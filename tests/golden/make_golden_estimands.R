# Expected numbers for tests/inference/test_estimands_golden.py and test_association_golden.py, from R's survey package.
# Run in this folder after make_golden.R: Rscript make_golden_estimands.R ; it reads golden_sample.csv (unequal
# weights, some of them 0; three lonely strata; missing values; a rare domain, one in a single PSU, an
# empty one) and writes golden_estimands.json. Never edit the results by hand; the versions are recorded in them.
#
# What survey does not offer is formed here from svymean, svytotal and vcov by the published formula: the Gini from
# Langel and Tillé's (2013) linearised variable, Theil and low pay from Deville's (1999), goodness of fit and second-order
# chi-square from Rao and Scott (1981), the log-linear Wald test from Koch, Freeman and Freeman (1975),
# likelihood limits from the working likelihood with survey's own scale. survey 4.1-1 is right for all that is asked of it.
suppressMessages(library(survey))
source("formulas.R")

x <- read.csv("golden_sample.csv")
x$status <- factor(x$status, levels = 1:4)
x$long <- as.integer(x$hours >= 35)
x$wave <- seq_len(nrow(x)) %% 3
lonely_strata <- c("N3", "S3", "W1")                            # also in make_golden.R
rules <- list(fail = "fail", certainty = "certainty", adjust = "adjust", average = "average",
              unstratified = "fail", weights_only = "fail")
design_for <- function(name, data = x) switch(name,
  fail = svydesign(~psu, strata = ~stratum, weights = ~weight, nest = TRUE,
                   data = data[!data$stratum %in% lonely_strata, ]),
  unstratified = svydesign(~interaction(stratum, psu, drop = TRUE), weights = ~weight, data = data),
  weights_only = svydesign(~1, weights = ~weight, data = data),
  svydesign(~psu, strata = ~stratum, weights = ~weight, nest = TRUE, data = data))

probabilities <- c(0.25, 0.5, 0.9)

bandwidth <- 60
se_of_influence <- function(z, design) {
  design$variables$z <- z
  as.numeric(SE(svytotal(~z, design)))
}
estimands <- function(name) {
  options(survey.lonely.psu = rules[[name]], survey.adjust.domain.lonely = FALSE)
  D <- design_for(name)
  cases <- list()
  add <- function(...) cases[[length(cases) + 1]] <<- list(...)
  for (d in 0:5) {
    paid <- subset(D, domain == d & !is.na(wage) & weight > 0)
    if (nrow(paid) == 0) { add(what = "empty", domain = d); next }
    y <- paid$variables$wage; w <- weights(paid); df <- degf(paid)
    # Where p lies below the share of the smallest value, svyquantile gives the second; by definition it is the first.
    smallest <- probabilities <= w[which.min(y)] / sum(w)
    for (rule in c("math", "school")) {
      q <- number(sapply(svyquantile(~wage, paid, probabilities, ci = FALSE, qrule = rule), c))
      add(what = "quantile", domain = d, rule = rule, est = ifelse(smallest, min(y), q))
    }
    # The limits of the share by svyciprop, read off the distribution by its definition, for the same reason.
    if (df > 0) for (type in c("mean", "xlogit", "beta", "asin")) {
      ends <- sapply(left_inverse_at(y, w, probabilities), function(q) {
        paid$variables$below <- as.numeric(y <= q)
        share <- attr(svyciprop(~below, paid, method = type, df = df), "ci")
        share[is.nan(share) | share < 0 | share > 1] <- NA
        sapply(share, function(p) if (is.na(p)) NA else left_inverse(y, w, p))
      })
      add(what = "woodruff", domain = d, type = type, low = number(ends[1, ]), high = number(ends[2, ]),
          se = number((ends[2, ] - ends[1, ]) / (2 * qt(0.975, df))))
    }
    if (nrow(paid) > 1) {
      v <- svyvar(~wage, paid)
      s <- svycontrast(setNames(v, "v"), quote(sqrt(v)))
      add(what = "variance", domain = d, est = number(coef(v)[1]), se = number(SE(v)[1]))
      add(what = "standard_deviation", domain = d, est = number(coef(s)), se = number(SE(s)))
    }
    add(what = "gini", domain = d, est = gini_of(y, w), se = se_of_influence(gini_influence(y, w), paid))
    add(what = "theil", domain = d, est = theil_of(y, w), se = se_of_influence(theil_influence(y, w), paid))
    known <- subset(D, domain == d & !is.na(status) & weight > 0)
    m <- svymean(~I(as.integer(status == 2)), known)
    p <- as.numeric(coef(m)); v <- as.numeric(vcov(m))
    if (p > 0 && p < 1 && is.finite(v) && v > 1e-20 && degf(known) > 0)
      add(what = "likelihood", domain = d, ci = likelihood_limits(p, v, degf(known)))
  }
  all_paid <- subset(D, !is.na(wage) & weight > 0)
  # Not under `adjust`: this influence does not add up to 0, and survey 4.1-1 centres totals there (make_golden.R).
  if (name != "adjust") for (d in 0:2) {
    low <- low_pay_influence(all_paid$variables$wage, weights(all_paid), all_paid$variables$domain == d)
    add(what = "low_pay", domain = d, est = low$est, threshold = low$threshold, se = se_of_influence(low$z, all_paid))
  }
  # Contrasts of domains. R's svyby looks at the strata of all domains together, so where they differ in their
  # lonely strata its covariance is not ours (variance.py); under `average` it is left out for that.
  if (name != "average") {
    by <- svyby(~wage, ~domain, subset(D, !is.na(wage) & domain %in% 0:2), svymean, covmat = TRUE)
    names(by$wage) <- NULL
    contrast <- function(what, expression) {
      s <- svycontrast(by, expression)
      add(what = "contrast", of = what, est = number(coef(s)), se = number(SE(s)))
    }
    contrast("difference", c(`0` = -1, `1` = 1, `2` = 0))
    contrast("trend", c(`0` = -0.5, `1` = 0, `2` = 0.5))
    contrast("weighted_mean", c(`0` = 0.5, `1` = 0.3, `2` = 0.2))
    contrast("ratio", quote(`1` / `0`))
    contrast("growth", quote((`1` / `0`)^(1 / 2) - 1))
    contrast("logratio", quote(log(`1`) - log(`0`)))
    contrast("function", quote(sqrt(`0` * `1`) / `2`))
    gap <- c(coef(svycontrast(by, c(`0` = 1, `1` = -1, `2` = 0))), coef(svycontrast(by, c(`0` = 1, `1` = 0, `2` = -1))),
             coef(svycontrast(by, c(`0` = 0, `1` = 1, `2` = -1))))
    L <- rbind(c(1, -1, 0), c(1, 0, -1), c(0, 1, -1))
    se <- sqrt(diag(L %*% vcov(by) %*% t(L)))
    p <- 2 * pt(-abs(as.numeric(L %*% coef(by)) / se), 20)
    add(what = "pairwise", df = 20, est = number(gap), se = number(se), p = number(p),
        holm = p.adjust(p, "holm"), benjamini_hochberg = p.adjust(p, "BH"))
    two <- L[1:2, ]
    W <- as.numeric(t(two %*% coef(by)) %*% solve(two %*% vcov(by) %*% t(two), two %*% coef(by)))
    add(what = "wald", statistic = W / 2, p = pf(W / 2, 2, 20, lower.tail = FALSE),
        adjusted = W / 2 * 19 / 20, p_adjusted = pf(W / 2 * 19 / 20, 2, 19, lower.tail = FALSE))
  }
  # Two definitions on the same persons.
  both <- svymean(~informal + long, subset(D, !is.na(informal)))
  s <- svycontrast(both, quote(informal - long))
  add(what = "definitions", est = number(coef(s)), se = number(SE(s)))
  cases
}

tests_of_tables <- function(name) {
  options(survey.lonely.psu = rules[[name]], survey.adjust.domain.lonely = FALSE)
  D <- subset(design_for(name), weight > 0 & domain %in% 0:2 & !is.na(status))
  D$variables$hours_group <- factor(findInterval(D$variables$hours, c(25, 43)))   # three groups of hours
  D$variables$three <- factor(pmin(as.integer(D$variables$status), 3))
  nu <- degf(D)
  cases <- list()
  add <- function(...) cases[[length(cases) + 1]] <<- list(...)
  # The Wald test rests on totals, which survey 4.1-1 has otherwise under `adjust` (make_golden.R).
  for (kind in c("F", "Chisq", if (name != "adjust") c("Wald", "adjWald"))) {
    t <- svychisq(~hours_group + three, D, statistic = kind)
    add(what = "independence", method = kind, statistic = number(t$statistic), df = number(t$parameter),
        p = number(t$p.value))
    if (kind == "F") {
      d0 <- t$parameter[[1]]
      add(what = "independence", method = "second-chisq", statistic = number(t$statistic * d0), df = d0,
          p = pchisq(as.numeric(t$statistic) * d0, d0, lower.tail = FALSE))
    }
    if (kind == "Chisq") {
      first <- qchisq(log(t$p.value), 4, lower.tail = FALSE, log.p = TRUE) / 4
      add(what = "independence", method = "first-F", df = c(4, 4 * nu),
          p = pf(first, 4, 4 * nu, lower.tail = FALSE))
    }
  }
  # Log-linear: the four interactions of log p against the first row and column.
  m <- svymean(~interaction(hours_group, three), D)             # the hours run fastest
  p <- as.numeric(coef(m))
  C <- NULL
  for (j in 2:3) for (i in 2:3) {
    e <- matrix(0, 3, 3); e[1, 1] <- 1; e[i, 1] <- -1; e[1, j] <- -1; e[i, j] <- 1
    C <- rbind(C, as.vector(e))
  }
  theta <- C %*% log(p); J <- C %*% diag(1 / p)
  W <- as.numeric(t(theta) %*% solve(J %*% vcov(m) %*% t(J), theta))
  add(what = "independence", method = "loglinear", statistic = W / 4, df = c(4, nu), p = pf(W / 4, 4, nu, lower.tail = FALSE))
  W <- W * (nu - 3) / nu / 4
  add(what = "independence", method = "loglinear-adjusted", statistic = W, df = c(4, nu - 3),
      p = pf(W, 4, nu - 3, lower.tail = FALSE))
  # Goodness of fit.
  expected <- c(0.5, 0.3, 0.2)
  m <- svymean(~three, D); p <- as.numeric(coef(m)); n <- nrow(D); V <- matrix(vcov(m), 3)
  X2 <- n * sum((p - expected)^2 / expected)
  delta <- n * V[-3, -3] %*% solve(diag(expected[-3]) - outer(expected[-3], expected[-3]))
  tr <- sum(diag(delta)); d0 <- tr^2 / sum(diag(delta %*% delta))
  add(what = "fit", method = "F", statistic = X2 / tr, df = c(d0, d0 * nu), p = pf(X2 / tr, d0, d0 * nu, lower.tail = FALSE))
  add(what = "fit", method = "second-chisq", statistic = X2 / tr * d0, df = d0, p = pchisq(X2 / tr * d0, d0, lower.tail = FALSE))
  add(what = "fit", method = "first-F", statistic = X2 / tr, df = c(2, 2 * nu), p = pf(X2 / tr, 2, 2 * nu, lower.tail = FALSE))
  add(what = "fit", method = "first-chisq", statistic = 2 * X2 / tr, df = 2, p = pchisq(2 * X2 / tr, 2, lower.tail = FALSE))
  gap <- (p - expected)[-3]
  W <- as.numeric(t(gap) %*% solve(V[-3, -3], gap)) / 2
  add(what = "fit", method = "Wald", statistic = W, df = c(2, nu), p = pf(W, 2, nu, lower.tail = FALSE))
  add(what = "fit", method = "adjWald", statistic = W * (nu - 1) / nu, df = c(2, nu - 1),
      p = pf(W * (nu - 1) / nu, 2, nu - 1, lower.tail = FALSE))
  cases
}

# Replicate weights: the jackknife of the design without lonely strata, every statistic computed anew.
replicates <- function() {
  options(survey.lonely.psu = "fail")
  R <- as.svrepdesign(design_for("fail"), type = "JKn")
  cases <- list()
  for (d in 0:2) {
    sub <- subset(R, domain == d & !is.na(wage))
    add <- function(what, f) {
      r <- withReplicates(sub, function(w, data) f(data$wage[w > 0], w[w > 0]))
      cases[[length(cases) + 1]] <<- list(what = what, domain = d, est = number(r), se = number(SE(r)))
    }
    add("gini", gini_of)
    add("theil", theil_of)
    add("median", function(y, w) left_inverse(y, w, 0.5))
    v <- svyvar(~wage, subset(sub, weight > 0))
    cases[[length(cases) + 1]] <- list(what = "variance", domain = d, est = number(coef(v)[1]), se = number(SE(v)[1]))
  }
  paid <- subset(R, !is.na(wage))
  r <- withReplicates(paid, function(w, data) {
    thr <- 2 / 3 * left_inverse(data$wage[w > 0], w[w > 0], 0.5)
    sapply(0:2, function(d) weighted.mean((data$wage < thr)[data$domain == d], w[data$domain == d]))
  })
  for (d in 0:2) cases[[length(cases) + 1]] <- list(what = "low_pay", domain = d, est = number(r)[d + 1], se = number(SE(r))[d + 1])
  cases
}

# Two waves in one design: drawn independently (strata of their own), or with the PSUs in common.
pooled <- function() {
  options(survey.lonely.psu = "certainty")
  two <- x[x$wave < 2 & !is.na(x$wage), ]
  lapply(c(independent = FALSE, overlapping = TRUE), function(overlapping) {
    two$h <- if (overlapping) two$stratum else interaction(two$wave, two$stratum, drop = TRUE)
    D <- svydesign(~psu, strata = ~h, weights = ~weight, nest = TRUE, data = two)
    s <- svycontrast(svyby(~wage, ~wave, D, svymean, covmat = TRUE), c(`0` = -1, `1` = 1))
    list(est = number(coef(s)), se = number(SE(s)), df = degf(D))
  })
}

out <- list(meta = list(r = R.version.string, survey = as.character(packageVersion("survey")),
                        script = "make_golden_estimands.R", digits = 17, bandwidth = bandwidth,
                        probabilities = probabilities),
            estimands = sapply(names(rules), estimands, simplify = FALSE),
            tables = sapply(names(rules), tests_of_tables, simplify = FALSE),
            replicates = replicates(), pooled = pooled())

writeLines(json(out), "golden_estimands.json")
