#include "lib/openai/form_request.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using nufi::openai::audio_length;
using nufi::openai::Form;
using nufi::openai::FormRequest;
using nufi::openai::splice_form;

namespace {

std::string part(const std::string& name, const std::string& value, const std::string& more = {}) {
  return "--B\r\nContent-Disposition: form-data; name=\"" + name + "\"" + more + "\r\n\r\n" +
         value + "\r\n";
}
std::string file(const std::string& bytes, const std::string& name = "file") {
  return part(name, bytes, "; filename=\"f\"\r\nContent-Type: application/octet-stream");
}
const std::string kEnd = "--B--\r\n";

/// "ok" or the field and the words of the refusal.
std::string verdict(Form form, const std::string& body) {
  FormRequest request(form, "B");
  if (request.feed(body) && request.end()) return "ok";
  return request.problem().code + " " + request.problem().param;
}

nufi::openai::FormReading reading(Form form, const std::string& body) {
  FormRequest request(form, "B");
  REQUIRE(request.feed(body));
  REQUIRE(request.end());
  return request.reading(0);
}

std::string little(std::uint32_t value, int size) {
  std::string text;
  for (int i = 0; i < size; ++i) text += static_cast<char>(value >> (8 * i));
  return text;
}

std::string wav(std::uint32_t rate, std::uint32_t channels, std::size_t size) {
  return "RIFF" + little(0, 4) + "WAVEfmt " + little(16, 4) + little(1, 2) + little(channels, 2) +
         little(rate, 4) + little(rate * channels * 2, 4) + little(channels * 2, 2) +
         little(16, 2) + "data" + little(0, 4) + std::string(size - 44, 'x');
}

}  // namespace

TEST_CASE("a form's fields are read wherever they stand") {
  for (const auto& body :
       {part("model", "whisper-1") + part("stream", "true") + file("abc") + kEnd,
        file("abc") + part("stream", "True") + part("model", "whisper-1") + kEnd}) {
    const auto request = reading(Form::transcriptions, body).request;
    CHECK(request.call.model == "whisper-1");
    CHECK(request.call.stream);
    CHECK(body.substr(request.model.at, request.model.size) == "whisper-1");
    auto renamed = body;
    renamed.replace(request.model.at, request.model.size, "a-longer-name");
    CHECK(splice_form(body, request, "a-longer-name") == renamed);
  }
}

TEST_CASE("a field that is decided on stands there once, in its own case, as plain text") {
  const auto bad = [](const std::string& parts, Form form = Form::transcriptions) {
    return verdict(form, part("model", "m") + parts + kEnd);
  };
  CHECK(bad(file("x") + part("prompt", "p")) == "ok");
  CHECK(bad(part("model", "m")) == "invalid_value model");
  CHECK(bad(part("Model", "m")) == "invalid_value model");
  CHECK(bad(part("model[]", "m")) == "invalid_value model");
  CHECK(bad(file("m", "model")) == "invalid_value model");
  CHECK(bad(part("_charset_", "utf-16")) == "invalid_value _charset_");
  CHECK(bad(part("stream", "maybe")) == "invalid_value stream");
  CHECK(bad(part("stream", "true") + part("stream", "false")) == "invalid_value stream");
  CHECK(bad(part("n", "x")) == "ok");
  for (const auto* count : {"0", "-1", "1.5", "1e3", "99999999999", "two", ""}) {
    CAPTURE(count);
    CHECK(bad(part("n", count), Form::image_edits) == "invalid_value n");
  }
  CHECK(verdict(Form::transcriptions, part("model", "") + kEnd) == "invalid_value model");
  CHECK(verdict(Form::transcriptions, part("model", "a\r\nb") + kEnd) == "invalid_value model");
  CHECK(verdict(Form::transcriptions, part("model", std::string(257, 'm')) + kEnd) ==
        "invalid_value model");
  CHECK(verdict(Form::transcriptions,
                part("model", "bQ==", "\r\nContent-Transfer-Encoding: base64") + kEnd) ==
        "invalid_value model");
  CHECK(verdict(Form::transcriptions, file("x") + kEnd) == "invalid_value model");
  CHECK(verdict(Form::transcriptions, part("model", "m")) == "invalid_multipart ");
  CHECK(verdict(Form::transcriptions, "{\"model\":\"m\"}") == "invalid_multipart ");
}

TEST_CASE("sound is bounded by its bytes, and by what its file says of itself") {
  CHECK(audio_length(wav(16'000, 1, 4'096), 32'000).most_ms == 1'000);
  CHECK(audio_length(wav(44'100, 2, 4'096), 176'400).likely_ms == 1'000);
  CHECK(audio_length("ID3", 10'000).most_ms == 10'000);
  CHECK(audio_length("\xFF\xFB", 1'000).most_ms == 1'000);
  CHECK(audio_length("OggS", 1'000).most_ms == 4'000);
  CHECK(audio_length("", 1'000).most_ms == 4'000);
  // A header that makes a second of one byte is not believed.
  CHECK(audio_length(wav(1, 1, 4'096), 1'000).most_ms == 4'000);
  // 16,000 samples a second, 32,000 samples.
  const std::string flac = std::string("fLaC\0\0\0\x22\x10\0\x10\0\0\0\0\0\0\0", 18) +
                           std::string("\x03\xE8\x00\xF0\x00\x00\x7D\x00", 8);
  CHECK(audio_length(flac, 4'000).most_ms == 2'000);
  CHECK(audio_length(flac, 400'000).most_ms == 100'000);
  CHECK(audio_length(flac, 400'000).likely_ms == 2'000);
}

TEST_CASE("what a transcript can cost is bounded by its files and its texts") {
  const auto body = part("model", "m") + part("prompt", std::string(100, 'p')) +
                    file(wav(16'000, 1, 64'000)) + kEnd;
  const auto whole = reading(Form::transcriptions, body);
  CHECK(whole.request.call.audio_ms_bound == 2'000);
  CHECK(whole.request.call.prompt_bound == 100 + 2 * 25);
  CHECK(whole.request.call.output_cap == 2'048);
  CHECK(whole.request.call.prompts == 1);
  CHECK(whole.audio_ms_estimate == 2'000);
  CHECK(whole.prompt_estimate == 25 + 20);
  const auto chunked = reading(Form::transcriptions, part("chunking_strategy", "auto") + body);
  CHECK(chunked.request.call.prompts == 1);
  const auto fetched =
      reading(Form::transcriptions, part("model", "m") + part("url", "https://x/y") + kEnd);
  CHECK(fetched.request.call.audio_ms_bound == 400'000'000);
  CHECK(fetched.request.call.prompt_is_elsewhere);
}

TEST_CASE("a body that passes on is bounded by its length, and held to it") {
  FormRequest request(Form::transcriptions, "B");
  CHECK(request.feed(part("model", "m")));
  CHECK_FALSE(request.may_pass_on());
  const auto all = file(std::string(2'000, 'x'));
  REQUIRE(request.feed(all.substr(0, 1'100)));
  CHECK(request.may_pass_on());
  const auto before = request.reading(10'000).request.call;
  CHECK(before.audio_ms_bound > 40'000);
  CHECK(before.prompt_bound >= 10'000);
  CHECK(before.prompts > 1);
  request.pass_on();
  REQUIRE(request.feed(all.substr(1'100)));
  REQUIRE(request.feed(part("prompt", std::string(16'000, 'p'))));
  SUBCASE("a short text may follow") {
    CHECK(request.feed(kEnd));
    CHECK(request.end());
  }
  SUBCASE("a long one may not") {
    CHECK_FALSE(request.feed(part("prompt", std::string(1'000, 'p'))));
    CHECK(request.problem().param == "prompt");
  }
  SUBCASE("a second file may not") {
    CHECK_FALSE(request.feed(file("y", "file2")));
  }
  SUBCASE("a second model may not") {
    CHECK_FALSE(request.feed(part("model", "dear")));
    CHECK(request.problem().param == "model");
  }
}

TEST_CASE("pictures are bounded by how many go in and how many are made") {
  const auto body = part("model", "m") + file("x", "image[]") + file("y", "image[]") +
                    file("z", "mask") + part("prompt", "four") + part("n", "3") + kEnd;
  const auto call = reading(Form::image_edits, body).request.call;
  CHECK(call.image_bound == 3);
  CHECK(call.choices == 3);
  CHECK(call.output_cap == nufi::openai::kPictureBound);
  CHECK(call.prompt_bound == 4 + 3 * nufi::openai::kEditedPictureBound);
}

TEST_CASE("edits may come as JSON, their pictures beside the text") {
  const std::string picture(100'000, 'A');
  const auto body = R"({"model":"m","prompt":"p","images":[{"image_url":"data:image/png;base64,)" +
                    picture + R"("},{"file_id":"file-1"}],"n":2})";
  const auto read = nufi::openai::read_request(Form::image_edits, body);
  const auto& call = std::get<nufi::openai::Request>(read).call;
  CHECK(call.image_bound == 2);
  CHECK(call.prompt_bound >= 2 * nufi::openai::kEditedPictureBound);
  CHECK(call.prompt_bound < 2 * nufi::openai::kEditedPictureBound + 200);
}
