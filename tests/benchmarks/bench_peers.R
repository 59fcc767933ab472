# One method of R on one task, in a process of its own: Rscript bench_peers.R METHOD FOLDER REPEATS
# The twin of bench_peers.py: the same files, the same measurements, the same line of JSON.

suppressPackageStartupMessages(library(survey))

arguments <- commandArgs(trailingOnly = TRUE)
method <- arguments[1]
folder <- arguments[2]
repeats <- as.integer(arguments[3])

numbers <- c("age", "age_squared", "schooling", "hours", "household_size")
flags <- c("woman", "married", "urban", "migrant", "head", "farming", "industry", "building", "trade", "transport")

column <- function(name, what, size) {
  file <- file.path(folder, name)
  readBin(file, what, n = file.size(file) / size, size = size, endian = "little")
}
whole <- c("stratum", "psu", "province", "sex", "age_band", "employed", "informal", flags)
x <- c(
  lapply(setNames(nm = c("weight", numbers)), column, "double", 8),
  lapply(setNames(nm = whole), column, "integer", 4)
)
x <- as.data.frame(x)

made <- function() svydesign(ids = ~psu, strata = ~stratum, weights = ~weight, data = x, nest = TRUE)

tabulated <- function(design) {
  found <- svyby(~informal, ~age_band + sex + province, subset(design, employed == 1), svymean)
  found <- found[order(found$province, found$sex, found$age_band), ]
  c(found$informal, found$se)
}

fitted_logit <- function(design) {
  formula <- reformulate(c(numbers, flags), "informal")
  fit <- svyglm(formula, subset(design, employed == 1), family = quasibinomial())
  c(coef(fit), sqrt(diag(vcov(fit))))
}

prepared <- if (method != "shares_R_columns") made()
run <- switch(method,
  shares_R = function() tabulated(prepared),
  shares_R_columns = function() tabulated(made()),
  logit_R = function() fitted_logit(prepared)
)

memory <- function(field) {
  line <- grep(paste0("^", field), readLines("/proc/self/status"), value = TRUE)
  as.numeric(gsub("[^0-9]", "", line)) / 1024
}

invisible(gc())
cat("5", file = "/proc/self/clear_refs")
before <- memory("VmRSS")
seconds <- processor <- numeric(0)
for (turn in seq_len(repeats)) {
  started <- proc.time()
  result <- run()
  took <- proc.time() - started
  seconds <- c(seconds, took[["elapsed"]])
  processor <- c(processor, took[["user.self"]] + took[["sys.self"]])
  if (turn == 1) peak <- memory("VmHWM") - before
}
listed <- function(values) paste0("[", paste(sprintf("%.17g", values), collapse = ", "), "]")
cat(sprintf(
  "{\"seconds\": %s, \"processor\": %s, \"memory\": %.3f, \"numbers\": %s, \"version\": \"R %s, survey %s\"}\n",
  listed(seconds), listed(processor), peak, listed(result), getRversion(), packageVersion("survey")
))
