#include "cli/interview.hpp"

#include "lib/base/text.hpp"

#include <istream>
#include <ostream>

namespace nufi::cli {

Interview::Interview(Context& context) : context_(context) {
  // Without SA_RESTART the read ends with nothing, which is what leaving looks like.
  struct sigaction interrupts {};
  interrupts.sa_handler = [](int) {};
  ::sigaction(SIGINT, &interrupts, &before_);
}

Interview::~Interview() {
  ::sigaction(SIGINT, &before_, nullptr);
}

std::optional<std::string> Interview::ask(const std::string& question,
                                          const std::string& fallback) {
  if (was_left_) return std::nullopt;
  context_.err << printable(question);
  if (!fallback.empty()) context_.err << " [" << printable(fallback) << ']';
  context_.err << ": " << std::flush;
  std::string answer;
  if (!std::getline(context_.in, answer)) {
    context_.err << '\n';
    was_left_ = true;
    return std::nullopt;
  }
  answer = trim(answer);
  return answer.empty() ? fallback : answer;
}

std::optional<Secret> Interview::ask_secret(const std::string& question) {
  if (was_left_) return std::nullopt;
  try {
    const Secret typed = context_.ask_secret(printable(question) + ": ");
    return Secret(std::string(trim(typed.expose())));
  } catch (const Error&) {
    was_left_ = true;
    return std::nullopt;
  }
}

}  // namespace nufi::cli
