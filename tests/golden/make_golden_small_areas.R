# Expected numbers for tests/inference/test_small_areas_golden.py, from base R alone.
# Run in this folder: Rscript make_golden_small_areas.R ; it writes golden_small_areas.json, the made-up data in it.
# Never edit the results by hand; the version that made them is recorded in them.
#
# An independent way to the same numbers: every matrix is dense, every likelihood is maximised as it stands (optimize, then
# its numerical derivative brought to 0), and what the formulas of the mean squared error need is taken by
# numerical derivatives of the predictor, of g1 and of log|X'V^-1 X|, instead of by the closed forms of the papers.
set.seed(19790601)
m <- 26
round64 <- function(v) round(v * 64) / 64                          # exact in decimal text
x <- cbind(1, round64(runif(m, 0, 4)), round64(rnorm(m)))
psi <- round64(runif(m, 0.1, 0.8) * sample(c(1, 1, 3), m, replace = TRUE)) + 1 / 64
factor_of <- matrix(round64(rnorm(m * 5, 0, 0.35)), m)
covariance <- factor_of %*% t(factor_of) + diag(psi) / 2           # areas that share sampled units
u <- rnorm(m, 0, 1)
y <- round64(drop(x %*% c(2, 0.7, -0.4)) + u + drop(t(chol(covariance)) %*% rnorm(m)))
new_x <- rbind(c(1, 2.5, 0.25), c(1, 0, -2))                        # areas without a sample

derivative <- function(f, at) {                                    # Richardson's extrapolation, three steps
  h <- 1e-2 * at
  d <- sapply(0:2, function(k) { e <- h / 2^k; (f(at + e) - f(at - e)) / (2 * e) })
  if (is.null(dim(d))) d <- matrix(d, 1)
  first <- (4 * d[, -1, drop = FALSE] - d[, -3, drop = FALSE]) / 3
  drop((16 * first[, 2, drop = FALSE] - first[, 1, drop = FALSE]) / 15)
}
gls <- function(s, Psi) {
  V <- diag(s, m) + Psi
  Vi <- solve(V)
  A <- solve(t(x) %*% Vi %*% x)
  list(V = V, Vi = Vi, A = A, beta = drop(A %*% t(x) %*% Vi %*% y), P = Vi - Vi %*% x %*% A %*% t(x) %*% Vi)
}
log_likelihood <- function(s, Psi) {
  g <- gls(s, Psi)
  r <- y - drop(x %*% g$beta)
  -0.5 * (m * log(2 * pi) + as.numeric(determinant(g$V)$modulus) + sum(r * (g$Vi %*% r)))
}
restricted <- function(s, Psi)
  log_likelihood(s, Psi) - 0.5 * as.numeric(determinant(solve(gls(s, Psi)$A))$modulus)
adjusted <- function(s, Psi)                                        # Yoshimori and Lahiri 2014
  restricted(s, Psi) + log(atan(sum(diag(s * gls(s, Psi)$Vi)))) / m
quadratic <- function(s, Psi) sum(y * (gls(s, Psi)$P %*% y))

variance_of <- function(method, Psi) {
  if (method == "moment") {
    M <- diag(m) - x %*% solve(t(x) %*% x, t(x))
    return(max(0, (sum(y * (M %*% y)) - sum(diag(M %*% Psi))) / (m - ncol(x))))
  }
  if (method == "fay-herriot")
    return(uniroot(function(s) quadratic(s, Psi) - (m - ncol(x)), c(1e-8, 50), tol = 1e-14)$root)
  f <- list(reml = restricted, ml = log_likelihood, adjusted = adjusted)[[method]]
  near <- optimize(f, c(1e-6, 20), Psi = Psi, maximum = TRUE, tol = 1e-10)$maximum
  uniroot(function(s) derivative(function(t) f(t, Psi), s), near * c(0.98, 1.02), tol = 1e-14)$root
}
trace <- function(M) sum(diag(M))

results <- function(method, Psi) {
  s <- variance_of(method, Psi)
  g <- gls(s, Psi)
  weights_at <- function(s) { h <- diag(s, m) %*% gls(s, Psi)$Vi; h }        # of y - X beta, beta known
  B <- weights_at(s)
  g1_at <- function(s) diag(diag(s, m) - s^2 * gls(s, Psi)$Vi)
  D <- x - B %*% x
  g2 <- diag(D %*% g$A %*% t(D))
  slope <- matrix(derivative(function(t) as.vector(weights_at(t)), s), m)
  spread <- switch(method, "fay-herriot" = 2 * m / trace(g$Vi)^2, moment = 2 * trace(g$V %*% g$V) / m^2,
                   2 / trace(g$Vi %*% g$Vi))
  g3 <- diag(slope %*% g$V %*% t(slope)) * spread
  bias <- switch(method,
    ml = derivative(function(t) as.numeric(determinant(solve(gls(t, Psi)$A))$modulus), s) / trace(g$Vi %*% g$Vi),
    "fay-herriot" = 2 * (m * trace(g$Vi %*% g$Vi) - trace(g$Vi)^2) / trace(g$Vi)^3, 0)
  r <- y - drop(x %*% g$beta)
  list(variance = s, variance_se = sqrt(spread), variance_bias = bias, beta = g$beta, beta_cov = g$A,
       eblup = drop(x %*% g$beta + B %*% r), mse = g1_at(s) + g2 + 2 * g3 - bias * derivative(g1_at, s),
       gamma = diag(B), g1 = g1_at(s), residual = r / sqrt(diag(g$V - x %*% g$A %*% t(x))),
       log_likelihood = log_likelihood(s, Psi), aic = -2 * log_likelihood(s, Psi) + 2 * (ncol(x) + 1),
       new = drop(new_x %*% g$beta), new_mse = s - bias + diag(new_x %*% g$A %*% t(new_x)))
}
methods <- c("reml", "ml", "fay-herriot", "moment", "adjusted")
out <- list(meta = list(r = R.version.string, script = "make_golden_small_areas.R", digits = 17),
            y = y, x = x, psi = psi, covariance = covariance, new_x = new_x,
            variances = sapply(methods, results, Psi = diag(psi), simplify = FALSE),
            correlated = sapply(methods, results, Psi = covariance, simplify = FALSE))

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
writeLines(json(out), "golden_small_areas.json")
