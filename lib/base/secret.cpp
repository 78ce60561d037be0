#include "lib/base/secret.hpp"

#include "lib/base/error.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <memory>
#include <sys/random.h>

namespace nufi {
namespace {

/// Overwrites all the text ever used, also what lies behind its present end, and empties it.
void wipe(std::string& text) noexcept {
  text.resize(text.capacity());
  OPENSSL_cleanse(text.data(), text.size());
  text.clear();
}

}  // namespace

Secret& Secret::operator=(const Secret& other) {
  if (this != &other) {
    wipe(text_);
    text_ = other.text_;
  }
  return *this;
}

Secret::Secret(Secret&& other) noexcept : text_(std::move(other.text_)) {
  // A short string lies in the object itself: moving copies it and leaves the bytes behind.
  wipe(other.text_);
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe(text_);
    text_ = std::move(other.text_);
    wipe(other.text_);
  }
  return *this;
}

Secret::~Secret() {
  wipe(text_);
}

Sha256 sha256(std::string_view bytes) {
  // The algorithm is looked up once and the context kept per thread: the one-shot function looks it
  // up every time, which costs more than hashing a key does.
  struct FreeDigest {
    void operator()(EVP_MD* digest) const { EVP_MD_free(digest); }
  };
  struct FreeContext {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  static const std::unique_ptr<EVP_MD, FreeDigest> digest(EVP_MD_fetch(nullptr, "SHA256", nullptr));
  thread_local const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());

  Sha256 out{};
  if (!digest || !context || EVP_DigestInit_ex2(context.get(), digest.get(), nullptr) != 1 ||
      EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) != 1 ||
      EVP_DigestFinal_ex(context.get(), out.data(), nullptr) != 1) {
    throw Error(Errc::internal, "sha-256 is not available");
  }
  return out;
}

bool constant_time_equal(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void random_bytes(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const ssize_t got = getrandom(out.data(), out.size(), 0);
    if (got > 0) {
      out = out.subspan(static_cast<std::size_t>(got));
    } else if (errno != EINTR) {
      throw Error(Errc::internal, "the system's random generator failed");
    }
  }
}

namespace {

/// kCrc[k][b] is the CRC of byte b followed by k zero bytes, so eight bytes are taken in one step.
using CrcTables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr CrcTables make_crc_tables() {
  CrcTables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
    tables[0][byte] = crc;
  }
  for (std::size_t k = 1; k < tables.size(); ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8U) ^ tables[0][before & 0xFFU];
    }
  }
  return tables;
}

constexpr CrcTables kCrc = make_crc_tables();
static_assert(std::endian::native == std::endian::little, "crc32 reads words as little endian");

}  // namespace

std::uint32_t crc32(std::string_view bytes) noexcept {
  std::uint32_t crc = 0xFFFFFFFFU;
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    std::memcpy(&low, at, 4);
    std::memcpy(&high, at + 4, 4);
    low ^= crc;
    crc = kCrc[7][low & 0xFFU] ^ kCrc[6][(low >> 8U) & 0xFFU] ^ kCrc[5][(low >> 16U) & 0xFFU] ^
          kCrc[4][low >> 24U] ^ kCrc[3][high & 0xFFU] ^ kCrc[2][(high >> 8U) & 0xFFU] ^
          kCrc[1][(high >> 16U) & 0xFFU] ^ kCrc[0][high >> 24U];
  }
  for (; left > 0; ++at, --left) {
    crc = (crc >> 8U) ^ kCrc[0][(crc ^ static_cast<std::uint8_t>(*at)) & 0xFFU];
  }
  return ~crc;
}

namespace {

constexpr std::size_t kKeySize = 32;
constexpr std::size_t kNonceSize = 12;
constexpr std::size_t kTagSize = 16;

struct FreeCipherContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeCipherContext>;

const std::uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}
std::uint8_t* bytes_of(std::string& text) {
  return reinterpret_cast<std::uint8_t*>(text.data());
}

int size_for_cipher(std::size_t size) {
  if (size > 1U << 20U) throw Error(Errc::internal, "too long to be sealed");
  return static_cast<int>(size);
}

void require(bool ok, const char* what) {
  if (!ok) throw Error(Errc::internal, what);
}

}  // namespace

std::string seal(const Secret& key, std::string_view context, const Secret& text) {
  require(key.expose().size() == kKeySize, "the sealing key is not 32 bytes long");
  const std::string& plain = text.expose();
  std::string sealed(kNonceSize + plain.size() + kTagSize, '\0');
  random_bytes({bytes_of(sealed), kNonceSize});
  std::uint8_t* body = bytes_of(sealed) + kNonceSize;

  const CipherContext cipher(EVP_CIPHER_CTX_new());
  int size = 0;
  const bool ok =
      cipher &&
      EVP_EncryptInit_ex(
          cipher.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key.expose()), bytes_of(sealed)) ==
          1 &&
      EVP_EncryptUpdate(
          cipher.get(), nullptr, &size, bytes_of(context), size_for_cipher(context.size())) == 1 &&
      EVP_EncryptUpdate(cipher.get(),
                        body,
                        &size,
                        bytes_of(std::string_view(plain)),
                        size_for_cipher(plain.size())) == 1 &&
      EVP_EncryptFinal_ex(cipher.get(), body + plain.size(), &size) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagSize, body + plain.size()) == 1;
  require(ok, "a secret can't be sealed");
  return sealed;
}

Secret unseal(const Secret& key, std::string_view context, std::string_view sealed) {
  constexpr const char* kProblem = "a stored secret can't be unsealed with this key";
  require(key.expose().size() == kKeySize, "the sealing key is not 32 bytes long");
  require(sealed.size() >= kNonceSize + kTagSize, kProblem);
  const std::string_view body = sealed.substr(kNonceSize, sealed.size() - kNonceSize - kTagSize);
  std::string tag(sealed.substr(sealed.size() - kTagSize));
  std::string plain(body.size(), '\0');

  const CipherContext cipher(EVP_CIPHER_CTX_new());
  int size = 0;
  const bool ok =
      cipher &&
      EVP_DecryptInit_ex(
          cipher.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key.expose()), bytes_of(sealed)) ==
          1 &&
      EVP_DecryptUpdate(
          cipher.get(), nullptr, &size, bytes_of(context), size_for_cipher(context.size())) == 1 &&
      EVP_DecryptUpdate(
          cipher.get(), bytes_of(plain), &size, bytes_of(body), size_for_cipher(body.size())) ==
          1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagSize, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), bytes_of(plain) + plain.size(), &size) == 1;
  // Unauthenticated plain text must not outlive a failure either.
  Secret text(std::move(plain));
  require(ok, kProblem);
  return text;
}

}  // namespace nufi
