// $F[fpduwnxbqa](path): parts of a file's name.
#pragma once

#include <string>
#include <string_view>

namespace cairn {

//   letters    f make absolute, p the folder with its /, d its last step (each further d one
//              more), n the name without extension, x the extension, b without the / or . at
//              the edge, q in double quotes, qa in single ones, u with /, w with backslashes
//   directory  where a relative path starts, for f
std::string file_parts(std::string_view path, std::string_view letters,
                       const std::string& directory);

}  // namespace cairn
