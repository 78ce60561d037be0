#include "lib/net/head.hpp"

#include "lib/base/text.hpp"

#include <boost/beast/http/status.hpp>

namespace nufi::net {

void Fields::add(std::string_view name, std::string_view value) {
  spans_.push_back({static_cast<std::uint32_t>(text_.size()),
                    static_cast<std::uint32_t>(name.size()),
                    static_cast<std::uint32_t>(value.size())});
  text_.append(name);
  text_.append(value);
}

void Fields::clear() {
  text_.clear();
  spans_.clear();
}

Fields::Field Fields::at(std::size_t index) const {
  const auto& span = spans_[index];
  const std::string_view text = text_;
  return {text.substr(span.name_at, span.name_size),
          text.substr(span.name_at + span.name_size, span.value_size)};
}

std::string_view Fields::find(std::string_view name) const {
  for (std::size_t i = 0; i < spans_.size(); ++i) {
    if (spans_[i].name_size != name.size()) continue;
    const auto field = at(i);
    if (equals_ignoring_case(field.name, name)) return field.value;
  }
  return {};
}

std::size_t Fields::count(std::string_view name) const {
  std::size_t count = 0;
  for (std::size_t i = 0; i < spans_.size(); ++i) {
    if (spans_[i].name_size == name.size() && equals_ignoring_case(at(i).name, name)) ++count;
  }
  return count;
}

std::string_view RequestHead::path() const {
  return std::string_view(target).substr(0, target.find('?'));
}

std::string_view RequestHead::query() const {
  const auto mark = target.find('?');
  return mark == std::string::npos ? std::string_view{} : std::string_view(target).substr(mark + 1);
}

void RequestHead::clear() {
  method.clear();
  target.clear();
  fields.clear();
  version = 11;
  keep_alive = true;
}

std::string_view reason_of(int status) {
  const auto reason =
      boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(status));
  return {reason.data(), reason.size()};
}

}  // namespace nufi::net
