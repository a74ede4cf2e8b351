# The program `cairn-starter`, which goes along to machines on which nothing is installed: static.
# What it needs of our modules is linked by their files, without what those need for other things
# (the queue's SQLite).
add_executable(cairn_starter ${PROJECT_SOURCE_DIR}/src/starter/main.cc ${PROJECT_SOURCE_DIR}/src/starter/fmt.cc)
set_target_properties(cairn_starter PROPERTIES OUTPUT_NAME cairn-starter POSITION_INDEPENDENT_CODE OFF)
target_include_directories(cairn_starter PRIVATE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
set(modules cairn_solo cairn_engine cairn_job cairn_classad cairn_format cairn_os cairn_base)
add_dependencies(cairn_starter ${modules})
foreach(module ${modules})
  list(APPEND archives $<TARGET_FILE:${module}>)
endforeach()
target_link_libraries(cairn_starter PRIVATE cairn_flags ${CAIRN_STATIC} ${archives} ${CAIRN_NETTLE} ${CAIRN_ZSTD} ${CAIRN_PCRE2})
target_link_options(cairn_starter PRIVATE $<$<CONFIG:Release>:-s>)
set_target_properties(cairn_starter PROPERTIES LINK_DEPENDS "${archives}")
install(TARGETS cairn_starter RUNTIME)
