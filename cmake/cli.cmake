# The program `cairn`; the target of that name is the library.
file(GLOB cli_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/cli/*.cc)
find_package(CLI11 REQUIRED)
add_executable(cairn_cli ${cli_sources})
set_target_properties(cairn_cli PROPERTIES OUTPUT_NAME cairn)
target_precompile_headers(cairn_cli PRIVATE <CLI/CLI.hpp> <fmt/format.h> <nlohmann/json.hpp>)
# It parses a command line and waits: optimized less, it is built in two thirds of the time.
target_compile_options(cairn_cli PRIVATE $<$<CONFIG:Release>:-O1>)
target_link_libraries(cairn_cli PRIVATE cairn_wrap cairn_lint cairn_verify cairn_listing cairn_engine cairn_pool cairn_submit cairn_format cairn_flags CLI11::CLI11 fmt::fmt)
add_dependencies(cairn_cli cairn_starter)  # `cairn submit --pool slurm` sends it along
install(TARGETS cairn_cli RUNTIME)
