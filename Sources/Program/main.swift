import MartletTool

MartletCommand.start()
