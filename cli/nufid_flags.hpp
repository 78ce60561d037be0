#pragma once

#include <string>
#include <vector>

/// The flags that nufid is started with, as words of a command line.
namespace nufi::cli {

using Words = std::vector<std::string>;

/// `flags` with those of `more`, each of which takes the place of all of its name.
Words merged_flags(const Words& flags, const Words& more);

/// True if `flags` has each flag of `wanted`, with the same values.
bool has_flags(const Words& flags, const Words& wanted);

/// True if `flags` has one of this name, with whatever value.
bool names_flag(const Words& flags, const std::string& name);

/// The value of the last flag of this name; "" if there is none.
std::string value_of(const Words& flags, const std::string& name);

/// The same with absolute paths, as nufid may be started again from another folder.
Words with_absolute_paths(const Words& flags);

}  // namespace nufi::cli
