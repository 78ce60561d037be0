# -O2, not CMake's -O3: nothing here gains from it, and GCC 12 sees overflows that are not there.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

# Two interface targets that our own targets link: what the compiler must do, and what it must say.
add_library(nufi_settings INTERFACE)
target_include_directories(nufi_settings INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/generated)
target_compile_features(nufi_settings INTERFACE cxx_std_20)
find_package(Threads REQUIRED)
target_link_libraries(nufi_settings INTERFACE Threads::Threads)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # Link options also reach the compiler through ccache.
  target_compile_options(nufi_settings INTERFACE -Wno-unused-command-line-argument)
endif()
if(NUFI_SANITIZE)
  target_compile_options(nufi_settings INTERFACE -fsanitize=${NUFI_SANITIZE} -fno-omit-frame-pointer
                         -fno-sanitize-recover=all)
  target_link_options(nufi_settings INTERFACE -fsanitize=${NUFI_SANITIZE})
  if(NUFI_SANITIZE MATCHES undefined AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # Clang 14 puts this one's marks where a split coroutine can't reach them.
    target_compile_options(nufi_settings INTERFACE -fno-sanitize=function)
  endif()
  if(NUFI_SANITIZE MATCHES thread AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Asio's fences are not modelled; it uses them beside locks, which are.
    target_compile_options(nufi_settings INTERFACE -Wno-tsan)
  endif()
else()
  # As distributions build their daemons: addresses that can't be guessed, tables that can't be
  # written once all is loaded, overflows that end the program.
  target_compile_options(nufi_settings INTERFACE -fstack-protector-strong
                         "$<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2;-fPIE;-fstack-clash-protection>")
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    target_compile_options(nufi_settings INTERFACE $<$<NOT:$<CONFIG:Debug>>:-fcf-protection>)
  endif()
  if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
    target_link_options(nufi_settings INTERFACE "$<$<NOT:$<CONFIG:Debug>>:-pie;-Wl,-z,relro,-z,now>")
  endif()
endif()

add_library(nufi_warnings INTERFACE)
target_compile_options(nufi_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
                       -Woverloaded-virtual)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 sees overlapping copies and overflows in std::string that are not there (its bug 105651).
  # It also takes a coroutine frame's own operator new, half inlined, for another one's.
  target_compile_options(nufi_warnings INTERFACE -Wno-restrict -Wno-stringop-overflow
                         -Wno-mismatched-new-delete)
endif()
if(NUFI_WERROR)
  target_compile_options(nufi_warnings INTERFACE -Werror)
endif()

# nufi_room(NAME SOURCES … PUBLIC … PRIVATE …): one folder, one static library `nufi_NAME`.
function(nufi_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(nufi_${name} STATIC ${ROOM_SOURCES})
  target_link_libraries(nufi_${name} PUBLIC nufi_settings ${ROOM_PUBLIC}
                        PRIVATE nufi_warnings ${ROOM_PRIVATE})
endfunction()
