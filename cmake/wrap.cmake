# The wrapper: a module for `cairn wrap`, and the static program `cairn-wrap`, which goes along to
# machines on which nothing is installed.  The recipes are built into both.
find_package(CLI11 REQUIRED)
# Its headers alone: Debian's target is the shared library, which a static program cannot have.
find_path(TOMLPLUSPLUS toml++/toml.h REQUIRED)
cairn_module(wrap NEEDS session os format base LINKS CLI11::CLI11)

file(GLOB recipes CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/recipes/*.recipe)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${recipes})
set(text "")
foreach(recipe ${recipes})
  get_filename_component(name ${recipe} NAME_WE)
  file(READ ${recipe} content)
  string(APPEND text "%%% ${name}\n${content}")
endforeach()
set(generated ${PROJECT_BINARY_DIR}/embedded/recipes.txt)
file(CONFIGURE OUTPUT ${generated} CONTENT "@text@" @ONLY)
cairn_embed(cairn_wrap kRecipes ${generated})

# It waits nearly always: small, and quickly built.
set(small -Os -ffunction-sections -fdata-sections)
target_compile_options(cairn_wrap PRIVATE "$<$<CONFIG:Release>:${small}>")
target_precompile_headers(cairn_wrap PRIVATE <CLI/CLI.hpp>)

add_executable(cairn_wrap_program ${PROJECT_SOURCE_DIR}/src/wrap/program/main.cc)
set_target_properties(cairn_wrap_program PROPERTIES OUTPUT_NAME cairn-wrap POSITION_INDEPENDENT_CODE OFF)
target_link_libraries(cairn_wrap_program PRIVATE cairn_flags ${CAIRN_STATIC} cairn_wrap)
target_compile_options(cairn_wrap_program PRIVATE "$<$<CONFIG:Release>:${small}>")
target_link_options(cairn_wrap_program PRIVATE $<$<CONFIG:Release>:-s> -Wl,--gc-sections)
install(TARGETS cairn_wrap_program RUNTIME)
install(FILES ${recipes} DESTINATION share/cairn/recipes)
