# Expected numbers for tests/inference/test_models_golden.py, from R's survey and quantreg packages.
# Run in this folder: Rscript make_golden_models.R ; it writes golden_models_sample.csv and golden_models.json.
# Never edit the results by hand; the versions that made them are recorded in them.
#
# survey 4.1-1 is right for everything asked of it here. svyglm stops on the deviance and takes its sandwich from the
# step before the last, so `glm` below starts it again from its own solution until nothing moves. Where the package has no
# function (Archer-Lemeshow, AUC, quantile regression's covariance), the formula is written out and svytotal or
# svyby gives the covariance.
suppressMessages({library(survey); library(splines); library(quantreg)})

# ---- A made-up sample: unequal weights, PSU numbers repeated between strata, two lonely strata, finite strata,
# ---- a few zero weights, missing values, a factor level that a domain lacks.
set.seed(20240617)
psus <- c(A = 6, B = 4, C = 5, D = 3, E = 7, F = 2, G = 1, H = 1)
frame <- data.frame(stratum = rep(names(psus), psus), psu = sequence(psus), N_psu = rep(psus * c(9, 5, 12, 4, 8, 15, 3, 6), psus))
size <- sample(14:34, nrow(frame), replace = TRUE)
x <- frame[rep(seq_len(nrow(frame)), size), ]
n <- nrow(x)
sixty_fourths <- function(v) round(v * 64) / 64                 # exact in decimal text
effect <- rep(rnorm(nrow(frame), 0, 0.5), size)
x$weight <- sixty_fourths(exp(rnorm(n, 4 + 0.3 * effect, 0.5)))
x$weight[sample(n, 6)] <- 0
x$sex <- sample(c("female", "male"), n, replace = TRUE)
x$age <- sample(15:64, n, replace = TRUE)
x$education <- sample(c("none", "primary", "secondary", "tertiary"), n, replace = TRUE, prob = c(.2, .35, .3, .15))
x$area <- sample(c("rural", "urban"), n, replace = TRUE)
x$employed <- as.integer(runif(n) < 0.75)
x$education[x$area == "rural" & x$education == "tertiary"] <- "secondary"   # a level that the rural domain lacks
score <- with(x, 1 - 0.03 * (age - 35) + 0.001 * (age - 35)^2 + 0.4 * (sex == "female") - 0.5 * (education == "secondary") -
  1.2 * (education == "tertiary") - 0.5 * (area == "urban")) + effect
x$informal <- as.integer(runif(n) < plogis(score))
x$informal[x$employed == 0] <- NA
x$children <- rpois(n, exp(-0.5 + 0.01 * x$age + 0.2 * (x$sex == "female") + effect / 2))
x$years <- sample(1:9, n, replace = TRUE)                       # exposure
x$wage <- sixty_fourths(exp(6 + 0.02 * x$age - 0.2 * score + rnorm(n, 0, 0.5)))
x$wage[x$employed == 0] <- NA
x$wage[sample(n, 30)] <- NA
x <- x[sample(n), ]                                             # rows in no order
write.csv(x, "golden_models_sample.csv", row.names = FALSE, quote = FALSE, na = "")
x <- read.csv("golden_models_sample.csv")
x$education <- factor(x$education); x$sex <- factor(x$sex); x$area <- factor(x$area)
lonely_strata <- names(psus)[psus == 1]

options(survey.adjust.domain.lonely = FALSE)
whole <- function(...) svydesign(~psu, strata = ~stratum, weights = ~weight, nest = TRUE, data = x, ...)
kept <- x[!x$stratum %in% lonely_strata, ]
plain <- svydesign(~psu, strata = ~stratum, weights = ~weight, nest = TRUE, data = kept)
designs <- list(
  fail = list("fail", plain),
  fpc = list("fail", svydesign(~psu, strata = ~stratum, weights = ~weight, nest = TRUE, data = kept, fpc = ~N_psu)),
  weights_only = list("fail", svydesign(~1, weights = ~weight, data = kept)),
  jkn = list("fail", as.svrepdesign(plain, type = "JKn", compress = FALSE)),
  certainty = list("certainty", whole()), adjust = list("adjust", whole()), average = list("average", whole()))

tight <- glm.control(epsilon = 1e-15, maxit = 200)
glm_of <- function(formula, design, family) {
  start <- NULL
  DESIGN <<- design; FAMILY <<- family                          # regTermTest evaluates the call again
  for (i in 1:12) {
    old <- start
    START <<- start
    fit <- suppressWarnings(eval(bquote(svyglm(.(formula), design = DESIGN, family = FAMILY, start = START,
                                               control = tight))))
    start <- coef(fit)
    if (!is.null(old) && max(abs(start - old) / abs(start)) < 1e-14) break
  }
  fit
}
number <- function(v) { v <- as.numeric(v); v[!is.finite(v)] <- NA; v }
square <- function(m) matrix(number(m), nrow(m))
record <- function(name, design, fit, ...) c(list(model = name, design = design, names = names(coef(fit)),
  est = number(coef(fit)), vcov = square(vcov(fit)), df = fit$df.residual), list(...))

with_domain <- function(design) subset(design, employed == 1 & weight > 0)
models <- list(
  linear = list(log(wage) ~ sex * age + relevel(education, "secondary"), gaussian(), "paid"),
  logit = list(informal ~ sex + age + I(age^2) + education + area, quasibinomial(), "employed"),
  probit = list(informal ~ sex + age + education * sex, quasibinomial("probit"), "employed"),
  cloglog = list(informal ~ sex + age + education, quasibinomial("cloglog"), "employed"),
  poisson = list(children ~ sex + age + area + offset(log(years)), quasipoisson(), "all"),
  spline = list(informal ~ sex + bs(age, df = 5), quasibinomial(), "employed"),
  knots = list(wage ~ ns(age, knots = c(30, 45), Boundary.knots = c(15, 64)) + sex, gaussian(), "paid"),
  no_constant = list(informal ~ education + age - 1, quasibinomial(), "employed"),
  rural = list(informal ~ education + sex, quasibinomial(), "rural"))
part <- function(design, domain) switch(domain,
  all = subset(design, weight > 0), employed = subset(design, employed == 1 & weight > 0),
  paid = subset(design, employed == 1 & weight > 0 & !is.na(wage)),
  rural = subset(design, employed == 1 & weight > 0 & area == "rural"))

cases <- list()
add <- function(case) cases[[length(cases) + 1]] <<- case
for (name in names(designs)) {
  options(survey.lonely.psu = designs[[name]][[1]])
  for (m in names(models)) {
    if (name == "jkn" && m %in% c("probit", "cloglog")) next    # done by hand below
    of <- models[[m]]
    design <- part(designs[[name]][[2]], of[[3]])
    if (m == "rural") design$variables$education <- droplevels(design$variables$education)
    add(record(m, name, glm_of(of[[1]], design, of[[2]])))
  }
}
options(survey.lonely.psu = "fail")

# Replicates of the probit and cloglog, by Fisher scoring that ends when the coefficients stand still.
scoring <- function(w, X, y, link) {
  l <- make.link(link); b <- rep(0, ncol(X))
  if (link == "cloglog") b[1] <- log(-log(1 - weighted.mean(y, w)))
  for (i in 1:300) {
    eta <- drop(X %*% b); mu <- l$linkinv(eta); d <- l$mu.eta(eta); v <- mu * (1 - mu)
    step <- solve(crossprod(X, X * (w * d^2 / v)), crossprod(X, w * (y - mu) * d / v))
    b <- b + drop(step)
    if (max(abs(step)) < 1e-14) break
  }
  b
}
inside <- part(designs$jkn[[2]], "employed")
for (m in c("probit", "cloglog")) {
  X <- model.matrix(models[[m]][[1]], inside$variables)
  y <- inside$variables$informal
  v <- withReplicates(inside, function(w, data) scoring(w, X, y, m))
  add(list(model = m, design = "jkn", names = colnames(X), est = number(coef(v)), vcov = square(vcov(v)),
           df = degf(inside) + 1 - ncol(X)))
}

# ---- After fitting, on the plain and the fpc design.
after <- list()
for (name in c("fail", "fpc")) {
  design <- part(designs[[name]][[2]], "employed")
  fit <- glm_of(models$logit[[1]], design, quasibinomial())
  START <- NULL
  test <- regTermTest(fit, ~education, method = "LRT")
  p <- number(fitted(fit)); y <- design$variables$informal; w <- weights(design)
  b <- coef(fit); V <- vcov(fit); X <- model.matrix(fit)
  # predictive margins: everyone given each level. svypredmeans has the same values; for the errors it adds the
  # variance over people to that through the coefficients, but not their covariance, which is in `full`.
  adjust <- glm_of(informal ~ sex + age + I(age^2) + area, design, quasibinomial())
  START <- NULL
  predicted <- svypredmeans(adjust, ~education, predictat = factor(levels(x$education), levels = levels(x$education)))
  bread <- solve(crossprod(X, X * (w * p * (1 - p))))
  at_level <- sapply(levels(x$education), function(l) {
    Xl <- X; Xl[, grep("education", colnames(X))] <- 0
    if (l != levels(x$education)[1]) Xl[, paste0("education", l)] <- 1
    h <- drop(plogis(Xl %*% b)); Jl <- colSums(w * h * (1 - h) * Xl) / sum(w)
    z <- (h - sum(w * h) / sum(w)) / sum(w) + drop((y - p) * X %*% bread %*% Jl)
    c(est = sum(w * h) / sum(w), delta = sqrt(drop(Jl %*% V %*% Jl)),
      full = SE(svytotal(~z, update(design, z = z)))[[1]])
  })
  # a derivative, by hand: average of mu'(eta) (b_age + 2 b_age2 age), delta method
  mu <- drop(plogis(X %*% b)); d1 <- mu * (1 - mu); d2 <- d1 * (1 - 2 * mu)
  slope <- b["age"] + 2 * b["I(age^2)"] * X[, "age"]
  J <- colSums(w * d2 * slope * X) / sum(w)
  J["age"] <- J["age"] + sum(w * d1) / sum(w)
  J["I(age^2)"] <- J["I(age^2)"] + sum(w * d1 * 2 * X[, "age"]) / sum(w)
  # Archer and Lemeshow 2006
  order_p <- order(round(p, 12)); cut <- cumsum(w[order_p]) / sum(w)
  edges <- round(p, 12)[order_p][sapply(1:9, function(k) which(cut >= k / 10 * (1 - 1e-12))[1])]
  group <- findInterval(round(p, 12), unique(edges), left.open = TRUE) + 1
  by <- svyby(~r, ~g, update(design, r = y - p, g = group), svymean, covmat = TRUE)
  M <- coef(by); f <- degf(design); g <- length(M)
  F_al <- (f - g + 2) / (f * g) * drop(M %*% solve(vcov(by)) %*% M)
  # AUC and its influence, pair by pair
  one <- y == 1
  beats <- function(a, b) (a > b) + 0.5 * (a == b)
  s <- round(p, 12)
  below <- sapply(s, function(v) sum(w[!one] * beats(v, s[!one])) / sum(w[!one]))
  above <- sapply(s, function(v) sum(w[one] * beats(s[one], v)) / sum(w[one]))
  auc <- sum(w[one] * below[one]) / sum(w[one])
  influence <- ifelse(one, (below - auc) / sum(w[one]), (above - auc) / sum(w[!one]))
  # variance inflation: age on all other columns
  other <- lm(age ~ sex + I(age^2) + education + area, data = design$variables, weights = w)
  # quantile regression, covariance by Powell's kernel
  paid <- part(designs[[name]][[2]], "paid")
  quantiles <- lapply(c(0.25, 0.5), function(tau) {
    z <- paid$variables; wq <- weights(paid)
    q <- rq(log(wage) ~ sex + age + area, tau = tau, data = z, weights = wq, method = "br")
    Xq <- model.matrix(~ sex + age + area, z); r <- drop(log(z$wage) - Xq %*% coef(q))
    on <- order(abs(r))[1:ncol(Xq)]
    bq <- solve(Xq[on, ], log(z$wage)[on]); r <- drop(log(z$wage) - Xq %*% bq); r[on] <- 0
    side <- ifelse(r > 0, tau, tau - 1)
    side[on] <- solve(t(Xq[on, ] * wq[on]), -colSums((wq * side * Xq)[-on, ]))
    share <- wq / sum(wq); m <- 1 / sum(share^2); zt <- qnorm(tau)
    h <- m^(-1 / 3) * qnorm(0.975)^(2 / 3) * (1.5 * dnorm(zt)^2 / (2 * zt^2 + 1))^(1 / 3)
    o <- order(r); quarter <- function(q) r[o][which(cumsum(share[o]) >= q)[1]]
    spread <- min(sqrt(sum(share * (r - sum(share * r))^2)), (quarter(.75) - quarter(.25)) / 1.34)
    width <- spread * (qnorm(tau + h) - qnorm(tau - h)) / sqrt(3)  # the spread of a uniform kernel of that half-width
    D <- crossprod(Xq, Xq * (wq * dnorm(r / width) / width))
    v <- svytotal(side * Xq %*% solve(D), paid)
    list(tau = tau, est = number(bq), rq = number(coef(q)), vcov = square(vcov(v)), bandwidth = width)
  })
  after[[name]] <- list(
    lrt = list(statistic = number(test$chisq), p = number(test$p), lambda = number(test$lambda), df = test$df, ddf = test$ddf),
    svypredmeans = number(coef(predicted)), predicted = number(at_level["est", ]),
    predicted_delta = number(at_level["delta", ]), predicted_full = number(at_level["full", ]),
    slope = number(sum(w * d1 * slope) / sum(w)), slope_se = number(sqrt(J %*% V %*% J)),
    archer_lemeshow = list(statistic = F_al, df = g - 1, ddf = f - g + 2,
                           p = pf(F_al, g - 1, f - g + 2, lower.tail = FALSE), residual = number(M)),
    auc = auc, auc_se = number(SE(svytotal(~influence, update(design, influence = influence)))),
    vif_age = 1 / (1 - summary(other)$r.squared), quantiles = quantiles)
}

out <- list(meta = list(r = R.version.string, survey = as.character(packageVersion("survey")),
                        quantreg = as.character(packageVersion("quantreg")), script = "make_golden_models.R", digits = 17),
            cases = cases, after = after)
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
writeLines(json(out), "golden_models.json")
