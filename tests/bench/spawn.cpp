// Runs a program many times, one after the other, and tells how long each run took from before the
// fork to after its end was seen. What it prints goes to /dev/null; a run that fails ends all.
//   bench_spawn RUNS PROGRAM [ARGUMENT…]
// Prints one line of JSON: {"runs","p50_us","p90_us","p99_us","min_us"}.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

/// Microseconds, or -1 if it could not be run or failed.
double time_one(char* const* command, const posix_spawn_file_actions_t& actions) {
  const auto start = Clock::now();
  pid_t pid = 0;
  if (posix_spawnp(&pid, command[0], &actions, nullptr, command, environ) != 0) return -1;
  int status = 0;
  if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0) return -1;
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

}  // namespace

int main(int argc, char** argv) {
  const int runs = argc > 2 ? std::atoi(argv[1]) : 0;
  if (runs < 1) {
    std::fprintf(stderr, "usage: bench_spawn RUNS PROGRAM [ARGUMENT…]\n");
    return 2;
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  std::vector<double> times;
  for (int run = 0; run < runs; ++run) {
    const double time = time_one(argv + 2, actions);
    if (time < 0) {
      std::fprintf(stderr, "%s could not be run, or failed\n", argv[2]);
      return 1;
    }
    times.push_back(time);
  }
  std::sort(times.begin(), times.end());
  const auto part = [&times](double share) {
    return times[static_cast<std::size_t>(share * static_cast<double>(times.size() - 1))];
  };
  std::printf(R"({"runs":%d,"p50_us":%.0f,"p90_us":%.0f,"p99_us":%.0f,"min_us":%.0f})"
              "\n",
              runs,
              part(0.5),
              part(0.9),
              part(0.99),
              times.front());
  return 0;
}
