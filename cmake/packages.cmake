# Every third-party package, from the distribution, as targets.
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(SQLiteCpp REQUIRED)
find_package(simdjson REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(date REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(PkgConfig REQUIRED)
# No CMake config in Debian; its flags decide whether SSLClient exists and the ABI, so take them all.
pkg_check_modules(httplib REQUIRED IMPORTED_TARGET cpp-httplib)
