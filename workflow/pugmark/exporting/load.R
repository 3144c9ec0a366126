# Builds the objects of oSCR, 2-flank SPIM, SCR-Classify-Pairwise and secr from the files beside this one, with base R.
# Run it in this folder: source("load.R"). Of files that are not here, README.txt tells why.

# Names stay as they are written: 007 is no number, and T is not TRUE.
table_of <- function(file, names = character()) {
  kinds <- setNames(rep("character", length(names)), names)
  read.csv(file, stringsAsFactors = FALSE, na.strings = "", colClasses = kinds)
}

# secr: CH <- read.capthist("secr_captures.txt", "secr_traps.txt", detector = "proximity", binary.usage = FALSE)

if (file.exists("oscr_edf.csv")) edf <- table_of("oscr_edf.csv", c("individual", "trap"))
if (file.exists("oscr_tdf.csv")) tdf <- list(table_of("oscr_tdf.csv", "Trap"))

if (file.exists("spim_captures.csv")) {
  sizes <- table_of("spim_sizes.csv")
  captures <- table_of("spim_captures.csv", "array")
  traps <- table_of("spim_traps.csv", "Trap")
  array_of <- function(which, rows) {
    made <- array(0L, c(rows, sizes$J, sizes$K))
    own <- captures[captures$array == which, ]
    made[cbind(own$row, own$trap, own$occasion)] <- 1L
    made
  }
  spim <- list(
    y.B.obs = array_of("B", sizes$n.fixed), y.L.obs = array_of("L", sizes$n.L), y.R.obs = array_of("R", sizes$n.R),
    n.fixed = sizes$n.fixed, X = as.matrix(traps[, c("X", "Y")]), K2D = unname(as.matrix(traps[, -(1:3), drop = FALSE]))
  )
}

if (file.exists("pairwise_pairs.csv")) {
  samples <- table_of("pairwise_samples.csv")
  pairs <- table_of("pairwise_pairs.csv")
  classifiers <- table_of("pairwise_classifiers.csv", "classifier")
  scores <- array(NA_integer_, c(nrow(classifiers), nrow(samples), nrow(samples)))
  scores[cbind(pairs$classifier, pmin(pairs$a, pairs$b), pmax(pairs$a, pairs$b))] <- pairs$category
  pairwise <- list(scores = scores, this.j = samples$trap, this.k = samples$occasion)
}
