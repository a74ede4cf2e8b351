# Mean and spread of random walks: any R script that keeps its state in one list can be written like this.
# On SIGUSR1 or SIGTERM an R script cannot save; it saves every 50 steps by itself, to another name that it renames.
steps <- 1000
if (file.exists("state.rds")) {
  state <- readRDS("state.rds")
  assign(".Random.seed", state$seed, envir = globalenv())  # else it goes on with other numbers
} else {
  set.seed(7)
  state <- list(step = 0, x = numeric(60000), rows = NULL)
}
while (state$step < steps) {
  state$x <- state$x + rnorm(length(state$x))
  state$step <- state$step + 1
  if (state$step %% 50 == 0) {
    state$rows <- rbind(state$rows, data.frame(step = state$step, mean = mean(state$x), sd = sd(state$x)))
    state$seed <- .Random.seed
    saveRDS(state, "state.rds.new")
    file.rename("state.rds.new", "state.rds")
  }
}
write.csv(state$rows, "walk.csv.new", row.names = FALSE)
file.rename("walk.csv.new", "walk.csv")
