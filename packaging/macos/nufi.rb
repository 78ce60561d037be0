# A Homebrew formula for what a tap of nufi's own would hold. UNTESTED: it was written on Linux, and
# nufid asks Linux for more than POSIX (SO_PEERCRED, signalfd, eventfd, /proc), so it has to be
# ported before this can succeed. Fill in where a release is published, and its checksum.
class Nufi < Formula
  desc "Keys, budgets and a ledger for calls to language models"
  homepage "https://nufi.example"
  url "https://nufi.example/nufi-0.1.0.tar.gz"
  version "0.1.0"
  sha256 "0000000000000000000000000000000000000000000000000000000000000000"

  depends_on "cmake" => :build
  depends_on "ninja" => :build
  depends_on "pkg-config" => :build
  depends_on "boost"
  depends_on "cli11"
  depends_on "cpp-httplib"
  depends_on "fmt"
  depends_on "howard-hinnant-date"
  depends_on "nlohmann-json"
  depends_on "openssl@3"
  depends_on "simdjson"
  depends_on "spdlog"
  depends_on "sqlite"
  depends_on "sqlitecpp"

  def install
    system "cmake", "-S", ".", "-B", "build", "-G", "Ninja", "-DNUFI_TESTS=OFF", *std_cmake_args
    system "cmake", "--build", "build"
    system "cmake", "--install", "build"
  end

  service do
    run [opt_bin/"nufid"]
    keep_alive successful_exit: false
    environment_variables XDG_STATE_HOME: var/"nufi"
    log_path var/"log/nufid.log"
    error_log_path var/"log/nufid.log"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/nufi --version")
    assert_match version.to_s, shell_output("#{bin}/nufid --version")
    assert_match "configuration is fine", shell_output("#{bin}/nufid --check-config")
  end
end
