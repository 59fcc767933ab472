# Expected numbers for tests/inference/test_golden.py, from R's survey package.
# Run in this folder: Rscript make_golden.R ; it writes golden_sample.csv and golden.json.
# Never edit the results by hand; the versions that made them are recorded in them.
#
# survey 4.1-1 is right for everything asked of it here but one thing: totals under lonely "adjust" (it
# centres a lonely PSU at 0; 4.5 centres it at the mean PSU total). Those are formed in `adjusted_total`
# below, and also checked against the survey 4.5 oracle in test_oracle.py.
suppressMessages(library(survey))

# ---- A made-up sample: unequal weights, PSU numbers repeated between strata, three lonely strata,
# ---- a few zero weights, missing values, and domains that are wide, rare, in one PSU, and empty.
set.seed(20210331)
psus <- c(N1 = 4, N2 = 2, N3 = 1, S1 = 5, S2 = 3, S3 = 1, E1 = 2, E2 = 6, W1 = 1, W2 = 3)
frame <- data.frame(stratum = rep(names(psus), psus), psu = sequence(psus))
size <- sample(4:17, nrow(frame), replace = TRUE)
x <- frame[rep(seq_len(nrow(frame)), size), ]
n <- nrow(x)
sixty_fourths <- function(v) round(v * 64) / 64                 # exact in decimal text
effect <- rep(rnorm(nrow(frame)), size)                         # persons of a PSU are alike
x$weight <- sixty_fourths(exp(rnorm(n, 4 + 0.4 * effect, 0.5)))
x$weight[sample(n, 5)] <- 0
x$domain <- sample(c(0, 1, 2, 4), n, replace = TRUE, prob = c(.45, .35, .15, .05))
x$domain[sample(n, 20)] <- -1                                   # outside every domain
x$domain[x$domain == 2 & !x$stratum %in% c("N1", "N3", "S3", "E1")] <- 0
x$domain[x$stratum == "W1"] <- 3                                # domain 3: a lonely stratum and no more
x$domain[x$stratum == "S2" & x$psu == 2] <- 5                   # domain 5: one PSU of a stratum of three
                                                                # domain 6: nobody
x$status <- sample(1:4, n, replace = TRUE, prob = c(.5, .3, .15, .05))
x$status[runif(n) < plogis(effect - 1)] <- 2
x$status[x$domain == 4 & x$status == 4] <- 1                    # a category that a domain lacks
x$status[sample(n, 6)] <- NA
x$informal <- ifelse(is.na(x$status), NA, as.integer(x$status >= 2))
x$wage <- sixty_fourths(exp(rnorm(n, 6 + 0.3 * effect, 0.7)))
x$wage[sample(n, 25)] <- NA
x$hours <- sample(8:60, n, replace = TRUE)
x <- x[sample(n), ]                                             # rows in no order
write.csv(x, "golden_sample.csv", row.names = FALSE, quote = FALSE, na = "")
x <- read.csv("golden_sample.csv")
x$status <- factor(x$status, levels = 1:4)
domains <- 0:6

lonely_strata <- names(psus)[psus == 1]
rules <- list(fail = "fail", certainty = "certainty", adjust = "adjust", average = "average",
              unstratified = "fail", weights_only = "fail")
design_for <- function(name) switch(name,
  fail = svydesign(~psu, strata = ~stratum, weights = ~weight, nest = TRUE,
                   data = x[!x$stratum %in% lonely_strata, ]),
  unstratified = svydesign(~interaction(stratum, psu, drop = TRUE), weights = ~weight, data = x),
  weights_only = svydesign(~1, weights = ~weight, data = x),
  svydesign(~psu, strata = ~stratum, weights = ~weight, nest = TRUE, data = x))

# The variance of a total as survey 4.5 defines it under "adjust", for a subset of a design.
adjusted_total <- function(y, design) {
  stratum <- as.character(design$strata[, 1])
  drawn <- psus[unique(stratum)]
  t_psu <- rowsum(y * weights(design), interaction(stratum, design$cluster[, 1], drop = TRUE, sep = "|"))[, 1]
  of <- tapply(stratum, interaction(stratum, design$cluster[, 1], drop = TRUE, sep = "|"), unique)[names(t_psu)]
  centre <- sum(t_psu) / sum(drawn)
  sum(sapply(names(drawn), function(h) {
    t <- c(t_psu[of == h], rep(0, drawn[[h]] - sum(of == h)))
    if (length(t) == 1) (t - centre)^2 else length(t) * var(t)
  }))
}

number <- function(v) { v <- as.numeric(v); v[!is.finite(v)] <- NA; v }
record <- function(statistic, domain, sub, m, ...) c(list(statistic = statistic, domain = domain,
  est = number(coef(m)), se = number(SE(m)), n = sum(weights(sub) > 0), df = degf(sub),
  normal = number(confint(m)), t = number(confint(m, df = degf(sub)))), list(...))

cases_of <- function(name) {
  options(survey.lonely.psu = rules[[name]], survey.adjust.domain.lonely = FALSE)
  D <- design_for(name)
  cases <- list(list(statistic = "degf", df = degf(D)))
  add <- function(...) cases[[length(cases) + 1]] <<- record(...)
  for (d in domains) {
    if (!any(D$variables$domain == d)) {
      cases[[length(cases) + 1]] <- list(statistic = "empty", domain = d)
      next
    }
    paid <- subset(D, domain == d & !is.na(wage))
    known <- subset(D, domain == d & !is.na(status))
    m <- svymean(~wage, paid, deff = TRUE)
    add("mean_wage", d, paid, m, deff = number(deff(m)))
    for (v in c("wage", "informal")) {
      sub <- if (v == "wage") paid else known
      m <- svytotal(as.formula(paste0("~", v)), sub, deff = TRUE)
      if (name == "adjust") {                                   # see the head of this file
        old <- as.numeric(attr(m, "var"))
        new <- adjusted_total(sub$variables[[v]], sub)
        attr(m, "deff") <- deff(m) * new / old
        attr(m, "var") <- matrix(new, dimnames = list(v, v))
      }
      add(paste0("total_", v), d, sub, m, deff = number(deff(m)))
    }
    m <- svyratio(~wage, ~hours, paid, deff = TRUE)
    add("ratio_wage_hours", d, paid, m, deff = number(attr(m, "deff")))
    m <- svymean(~status, known, deff = TRUE)
    add("share_status", d, known, m, deff = number(deff(m)), vcov = matrix(number(vcov(m)), 4))
    p <- coef(m)[["status2"]]
    if (p > 0 && p < 1 && is.finite(SE(m)[2]) && SE(m)[2] > 1e-12 && degf(known) > 0)
      for (method in c("logit", "xlogit", "beta", "mean")) {
        # logit is fitted by iteration, right to about 1e-11; xlogit is the same interval in closed form.
        # beta takes n from the number of rows: rows of weight 0, which are no cases, are left out.
        from <- if (method == "beta") subset(known, weight > 0) else known
        ci <- svyciprop(~I(status == 2), from, method = method, df = degf(known))
        cases[[length(cases) + 1]] <- list(statistic = paste0("ciprop_", method), domain = d,
          est = number(ci), ci = number(attr(ci, "ci")))
      }
  }
  # Covariances between domains. R's svyby looks at the strata of the whole sample at once, so under
  # "average" its factor is another than that of each domain alone; left out there.
  if (name != "average") {
    by <- svyby(~wage, ~domain, subset(D, !is.na(wage) & domain >= 0), svymean, covmat = TRUE)
    cases[[length(cases) + 1]] <- list(statistic = "by_domain_mean_wage", domains = by$domain,
      est = number(coef(by)), vcov = matrix(number(vcov(by)), nrow(by)))
  }
  cases
}

out <- list(meta = list(r = R.version.string, survey = as.character(packageVersion("survey")),
                        script = "make_golden.R", digits = 17),
            designs = sapply(names(rules), cases_of, simplify = FALSE))

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
writeLines(json(out), "golden.json")

# What R does with a share of 0, for the docstring of intervals.py: limits near 1e-11, where it stopped iterating.
zero <- suppressWarnings(try(svyciprop(~I(status == 4), subset(design_for("fail"), domain == 4 & !is.na(status)),
                                       method = "logit"), silent = TRUE))
print(format(attr(zero, "ci"), digits = 3))
