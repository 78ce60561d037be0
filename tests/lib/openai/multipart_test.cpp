#include "lib/openai/multipart.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using nufi::openai::boundary_of;
using nufi::openai::is_form;
using nufi::openai::Multipart;
using nufi::openai::PartHead;

namespace {

/// Writes down what it is told: "name=content@offset;".
class Notes final : public nufi::openai::PartVisitor {
 public:
  void begin_part(PartHead head) override {
    text += head.name + (head.is_file ? "!" : "") + (head.is_plain ? "=" : "~");
    at_ = 0;
  }
  void content(std::string_view bytes, std::uint64_t at) override {
    if (at_ == 0) at_ = at;
    size_ += bytes.size();
    text += bytes;
  }
  void end_part() override { text += "@" + std::to_string(at_) + ";"; }

  std::string text;

 private:
  std::uint64_t at_ = 0;
  std::size_t size_ = 0;
};

std::string read_in(const std::vector<std::string_view>& pieces) {
  Notes notes;
  Multipart parts("XyZ", notes);
  for (const auto piece : pieces) {
    if (!parts.feed(piece)) return parts.problem();
  }
  return notes.text + (parts.is_closed() ? "closed" : "open");
}

/// The same whatever its pieces are.
std::string read(std::string_view body) {
  const auto whole = read_in({body});
  for (std::size_t cut = 0; cut <= body.size(); ++cut) {
    REQUIRE(read_in({body.substr(0, cut), body.substr(cut)}) == whole);
  }
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < body.size(); ++i) bytes.push_back(body.substr(i, 1));
  REQUIRE(read_in(bytes) == whole);
  return whole;
}

std::string part(const std::string& head, const std::string& content) {
  return "--XyZ\r\n" + head + "\r\n\r\n" + content + "\r\n";
}

std::string field(const std::string& parameters) {
  return part("Content-Disposition: form-data; " + parameters, "v") + "--XyZ--\r\n";
}

const std::string kName = "Content-Disposition: form-data; name=\"a\"";

}  // namespace

TEST_CASE("a form is read the same whatever its pieces are, with the place of each part") {
  const std::string odd("\r\n--Xy\r\n-\0\r\nx--XyZ\r", 19);
  const auto body = part(kName, "one") +
                    part(
                        "content-disposition:form-data; filename=\"f.wav\"; name=b\r\n"
                        "Content-Type: audio/wav",
                        odd) +
                    "--XyZ--\r\n";
  const auto first = std::to_string(body.find("one"));
  const auto second = std::to_string(body.find(odd));
  CHECK(read(body) == "a=one@" + first + ";b!=" + odd + "@" + second + ";closed");
  CHECK(read("\r\n" + part(kName, "") + "--XyZ--") == "a=@0;closed");
  CHECK(read(part(kName, "unfinished")).ends_with("open"));
}

TEST_CASE("what servers read in different ways is refused") {
  for (const std::string& body : {
           "preamble\r\n" + part(kName, "x") + "--XyZ--\r\n",
           part(kName, "x") + "--XyZ--\r\nepilogue",
           part(kName, "x") + "--XyZ--\r\n\r\n",
           part(kName, "x") + "--XyZ-\r\n",
           part(kName, "x") + "--XyZ \r\n" + kName,
           part(kName, "x") + "--XyZabc\r\n",
           part(kName, "x\n--XyZ\r\n" + kName + "\r\n\r\ny") + "--XyZ--",
           part(kName, "x\r--XyZ\r\n" + kName + "\r\n\r\ny") + "--XyZ--",
           part(kName, "--XyZ--") + "--XyZ--",
           std::string("--XyZ\r\n\r\nx\r\n--XyZ--"),
           part("Content-Type: text/plain", "x") + "--XyZ--",
           part(kName + "\r\n" + kName, "x") + "--XyZ--",
           part(kName + "\r\n folded", "x") + "--XyZ--",
           part(kName + "\nContent-Type: text/plain", "x") + "--XyZ--",
           part(kName + "\r\nContent-Type : text/plain", "x") + "--XyZ--",
           part(kName + "\r\nContent-Type: multipart/mixed; boundary=q", "x") + "--XyZ--",
           part(kName + "\r\nContent-Type: a/b\r\nContent-Type: a/b", "x") + "--XyZ--",
           part(kName + std::string("\r\nX: \0", 6), "x") + "--XyZ--",
           part(kName + "\r\nX: " + std::string(9'000, 'x'), "x") + "--XyZ--",
           field("name=\"a\"; name=\"b\""),
           field("name=\"a"),
           field("name=\"a\\\"; x=\\\"b\""),
           field("name*=UTF-8''model"),
           field("filename=\"x\""),
           field("name=\"a\" filename=\"x\""),
           field("name=a\"b"),
           std::string("--XyZ\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\nx\r\n--XyZ--"),
       }) {
    CAPTURE(body);
    const auto told = read(body);
    CHECK(told.find("closed") == std::string::npos);
    CHECK(told.find("open") == std::string::npos);
  }
}

TEST_CASE("a part says whether its bytes are what they stand for") {
  const auto with = [](const std::string& more) {
    return read(part(kName + "\r\n" + more, "x") + "--XyZ--");
  };
  CHECK(with("Content-Type: text/plain; charset=UTF-8").starts_with("a=x"));
  CHECK(with("Content-Transfer-Encoding: binary").starts_with("a=x"));
  CHECK(with("Content-Type: text/plain; charset=utf-16").starts_with("a~x"));
  CHECK(with("Content-Transfer-Encoding: base64").starts_with("a~x"));
}

TEST_CASE("names that some server takes for the same fold to the same") {
  const auto folded = [](const std::string& name) {
    const auto read =
        nufi::openai::read_part_head("Content-Disposition: form-data; name=\"" + name + "\"");
    const auto* head = std::get_if<PartHead>(&read);
    return head != nullptr ? head->folded_name : "refused";
  };
  for (const auto* name :
       {"model", "MODEL", " model ", "m%6fdel", "model[]", "model[0]", "model%00x"}) {
    CAPTURE(name);
    CHECK(folded(name) == "model");
  }
  CHECK(folded("models") == "models");
  CHECK(folded("mo\\del") == "refused");
}

TEST_CASE("a boundary is as RFC 2046 wants it, and named once") {
  const auto boundary = [](std::string_view parameters) {
    return boundary_of("multipart/form-data" + std::string(parameters)).value_or("none");
  };
  CHECK(boundary("; boundary=abc") == "abc");
  CHECK(boundary(";Boundary=\"a b\"; charset=utf-8") == "a b");
  CHECK(boundary("; boundary=----=_Part/1:2") == "----=_Part/1:2");
  CHECK(boundary("; boundary=" + std::string(70, 'x')) == std::string(70, 'x'));
  for (const std::string& bad : {std::string(),
                                 std::string("; boundary="),
                                 std::string("; boundary=\"a \""),
                                 std::string("; boundary=a; boundary=b"),
                                 std::string("; boundary*=a"),
                                 std::string("; boundary=\"a"),
                                 std::string("; boundary=a, multipart/form-data"),
                                 std::string("; boundary=a\xC3\xA4"),
                                 "; boundary=" + std::string(71, 'x')}) {
    CAPTURE(bad);
    CHECK(boundary(bad) == "none");
  }
  CHECK(boundary_of("multipart/mixed; boundary=a") == std::nullopt);
  CHECK(is_form("Multipart/Form-Data ; boundary=a"));
  CHECK_FALSE(is_form("application/json"));
}
